import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { Provider } from "react-redux";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it, vi } from "vitest";
import { makeStore } from "@/app/store";
import { answering } from "@/testing/answering";
import { ConflictsPage } from "./ConflictsPage";

const renamed = {
  id: 9,
  provider_id: 4,
  kind: "taken over",
  instrument: "NSE:ETERNAL",
  segment: "NSE_EQ",
  provider_symbol: "5097",
  other: "NSE:ZOMATO",
  detail: "NSE_EQ:5097 meant NSE:ZOMATO until 2026-11-20 and means NSE:ETERNAL since: renamed, or another one?",
  day: "2026-11-20",
  created_at: "2026-11-20T03:05:00Z",
};

let open = [renamed];
let sent: string[] = [];

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function show() {
  // The document of these tests has no dialogs.
  HTMLDialogElement.prototype.showModal ??= () => undefined;
  open = [renamed];
  sent = [];
  answering(async ({ method, url }) => {
    const { pathname } = new URL(url);
    if (method === "DELETE") {
      sent.push(pathname);
      open = [];
      return Response.json(renamed);
    }
    const providers = [
      { id: 4, name: "dhan" },
      { id: 5, name: "kite" },
    ];
    const items = pathname === "/provider/" ? providers : pathname === "/provider/4/conflicts" ? open : [];
    return Response.json({ items, next_page_token: null });
  });
  render(
    <Provider store={makeStore()}>
      <MemoryRouter>
        <ConflictsPage />
      </MemoryRouter>
    </Provider>,
  );
}

it("a conflict names both sides, why, and since when; who agrees is said to", async () => {
  show();
  const row = await screen.findByRole("row", { name: /NSE:ETERNAL/ });
  for (const words of ["as NSE_EQ:5097", "NSE:ZOMATO", "last in the list of 2026-11-20", /renamed, or another one/]) {
    within(row).getByText(words);
  }
  const kite = screen.getByRole("region", { name: "kite" });
  await within(kite).findByText("Its lists and the tables agree.");
});

it("a conflict is settled after a question, and gone", async () => {
  show();
  fireEvent.click(await screen.findByRole("button", { name: "Settle NSE:ETERNAL: taken over" }));
  fireEvent.click(screen.getByRole("button", { name: "Settle it", hidden: true }));
  await screen.findByText("NSE:ETERNAL: taken over is settled.");
  await within(screen.getByRole("region", { name: "dhan" })).findByText("Its lists and the tables agree.");
  expect(sent).toEqual(["/provider/4/conflicts/9"]);
});
