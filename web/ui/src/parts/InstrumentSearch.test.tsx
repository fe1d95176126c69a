import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { Provider } from "react-redux";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeStore } from "@/app/store";
import { InstrumentSearch } from "./InstrumentSearch";

const FOUND = ["NSE:INFY", "NSE:INDIGO"].map((ticker) => ({
  ticker,
  symbol: "",
  description: "",
  exchange: "",
  type: "",
}));

beforeEach(() => {
  const answer = (body: unknown) =>
    new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } });
  vi.stubGlobal(
    "Request",
    class extends Request {
      constructor(address: string | URL | Request, options?: RequestInit) {
        super(typeof address === "string" ? new URL(address, "http://localhost") : address, {
          ...options,
          signal: null,
        });
      }
    },
  );
  vi.stubGlobal("fetch", async (asked: Request | string) => {
    const { pathname, searchParams } = new URL(typeof asked === "string" ? asked : asked.url, "http://localhost");
    return answer(pathname === "/udf/search" && searchParams.get("query") === "in" ? FOUND : []);
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function typed(text: string, onChoose: (instrument: string) => void = () => undefined) {
  render(
    <Provider store={makeStore()}>
      <InstrumentSearch label="Find" onChoose={onChoose} />
    </Provider>,
  );
  const field = screen.getByRole("combobox");
  fireEvent.change(field, { target: { value: text } });
  return field;
}

test("an instrument is chosen with the keyboard alone", async () => {
  const chosen: string[] = [];
  const field = typed("in", (instrument) => chosen.push(instrument));
  await screen.findByRole("option", { name: /INDIGO/ });
  fireEvent.keyDown(field, { key: "ArrowDown" });
  expect(screen.getByRole("option", { selected: true }).textContent).toContain("NSE:INDIGO");
  fireEvent.keyDown(field, { key: "Enter" });
  expect(chosen).toEqual(["NSE:INDIGO"]);
});

test("that nothing is called so is said, and Escape closes the list", async () => {
  const field = typed("zzz");
  await screen.findByText("No instrument is called so.");
  fireEvent.keyDown(field, { key: "Escape" });
  expect(field.getAttribute("aria-expanded")).toBe("false");
});
