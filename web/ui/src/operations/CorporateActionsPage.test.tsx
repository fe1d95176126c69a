import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { Provider } from "react-redux";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeStore } from "@/app/store";
import { answering } from "@/testing/answering";
import { CorporateActionsPage } from "./CorporateActionsPage";

const BONUS = {
  id: 7,
  instrument: "NSE:RELIANCE",
  ex_date: "2024-10-28",
  kind: "bonus",
  ratio: 2,
  amount: null,
  source: "yahoo",
  updated_at: "2026-11-20T10:00:00Z",
};

let items: (typeof BONUS)[];
let sent: [string, string, unknown][];
let refusal: { status: number; detail: string; errors: string[] } | null;

beforeEach(() => {
  // The document of these tests has no dialogs.
  HTMLDialogElement.prototype.showModal ??= () => undefined;
  items = [BONUS];
  sent = [];
  refusal = null;
  answering(async (asked) => {
    const { pathname, search } = new URL(asked.url);
    const body = asked.method === "POST" ? await asked.json() : undefined;
    if (asked.method !== "GET") {
      sent.push([asked.method, pathname.replace("/api/v1/corporate_actions/", ""), body]);
    }
    if (refusal !== null && asked.method === "POST") {
      return Response.json(refusal, { status: refusal.status });
    }
    if (asked.method === "GET") {
      return Response.json({ items: search.includes("TCS") ? [] : items, next_page_token: null });
    }
    const answers: Record<string, unknown> = {
      file: { actions: 2, saved: 1, unknown: ["NSE:NOBODY"] },
      read: { job: { id: "actions-1" } },
    };
    return Response.json(answers[pathname.split("/").at(-1) ?? ""] ?? BONUS);
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function opened(): void {
  render(
    <Provider store={makeStore()}>
      <MemoryRouter>
        <CorporateActionsPage />
      </MemoryRouter>
    </Provider>,
  );
}

function written(form: string, fields: Record<string, string>): void {
  const place = within(screen.getByRole("form", { name: form, hidden: true }));
  for (const [label, value] of Object.entries(fields)) {
    fireEvent.change(place.getByLabelText(label), { target: { value } });
  }
  fireEvent.submit(screen.getByRole("form", { name: form, hidden: true }));
}

it("an action is told as it was announced, and is taken back when that was meant", async () => {
  opened();
  const row = await screen.findByRole("row", { name: /NSE:RELIANCE/ });
  expect(within(row).getByText("Bonus 1:1")).toBeTruthy();
  fireEvent.click(within(row).getByRole("button", { name: /Take back/ }));
  expect(sent).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: "Take it back", hidden: true }));
  await screen.findByText("Taken back: Bonus 1:1 of NSE:RELIANCE on 2024-10-28.");
  expect(sent).toEqual([["DELETE", "7", undefined]]);
});

it("where nothing is known it says why that matters and what to do, and of a filter only that", async () => {
  items = [];
  opened();
  await screen.findByText(/a chart shows each split as a fall that nobody suffered/);
  written("Which actions", { Instrument: "tcs" });
  await screen.findByText("No action of TCS is known.");
});

it("a ratio is written as it is announced", async () => {
  opened();
  written("New action", { Instrument: "nse:reliance", "Ex-date": "2024-10-28", Kind: "bonus", Ratio: "1:1" });
  await screen.findByText("Bonus 1:1 of NSE:RELIANCE on 2024-10-28 is entered.");
  expect(sent).toEqual([["POST", "", { symbol: "NSE:RELIANCE", ex_date: "2024-10-28", kind: "bonus", ratio: 2 }]]);
});

it("what is wrong with an action stands beside its part", async () => {
  refusal = { status: 400, detail: "no", errors: ["ex_date: lies outside 1900-01-01 to 2200-01-01"] };
  opened();
  written("New action", { Instrument: "NSE:TCS", "Ex-date": "2300-01-01", Ratio: "1:5" });
  await screen.findByText("Lies outside 1900-01-01 to 2200-01-01.");
  expect(screen.getByLabelText("Ex-date").getAttribute("aria-invalid")).toBe("true");
  refusal = { status: 404, detail: "There is no symbol NSE:NOBODY.", errors: [] };
  written("New action", { Instrument: "NSE:NOBODY" });
  await waitFor(() => expect(screen.getAllByLabelText("Instrument")[0]?.getAttribute("aria-invalid")).toBe("true"));
  written("New action", { Ratio: "five" });
  await screen.findByText(/Write it as 1:5/);
});

async function taken(text: string): Promise<void> {
  const form = screen.getByRole("form", { name: "File of actions", hidden: true });
  const file = new File([text], "actions.csv", { type: "text/csv" });
  file.text ??= async () => text;
  // The form's own data do not know what a test put into the field.
  vi.stubGlobal("FormData", class extends Map<string, unknown> {});
  vi.spyOn(FormData.prototype, "get").mockReturnValue(file);
  await act(async () => void fireEvent.submit(form));
}

it("a file is taken up, and what was left out is said", async () => {
  opened();
  await taken("symbol,ex_date,kind,ratio,amount\n");
  await screen.findByText("2 actions were read, 1 of them new or changed. Left out, as no table has them: NSE:NOBODY.");
  expect(sent).toEqual([["POST", "file", { text: "symbol,ex_date,kind,ratio,amount\n" }]]);
});

it("lines that say no action are named, and a file that is too long is not sent", async () => {
  refusal = { status: 400, detail: "1 lines say no action", errors: ["line 3: kind: expected split"] };
  opened();
  await taken("x");
  await screen.findByText("line 3: kind: expected split");
  sent = [];
  await taken("x".repeat(200_001));
  await screen.findByText(/is for `ticktree actions FILE`/);
  expect(sent).toEqual([]);
});

it("they are read of a provider by a job", async () => {
  opened();
  fireEvent.click(screen.getByRole("button", { name: "Read from the provider" }));
  await screen.findByText("Job actions-1 has begun; it is among the jobs.");
});
