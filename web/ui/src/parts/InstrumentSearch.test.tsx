import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { Provider } from "react-redux";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeStore } from "@/app/store";
import { answering } from "@/testing/answering";
import { InstrumentSearch } from "./InstrumentSearch";

const FOUND = ["INFY", "INDIGO"].map((symbol) => ({
  ticker: `NSE:${symbol}`,
  symbol,
  description: "",
  exchange: "NSE",
  type: "",
}));

beforeEach(() => {
  answering(async ({ url }) => {
    const { pathname, searchParams } = new URL(url);
    return Response.json(pathname === "/udf/search" && searchParams.get("query") === "in" ? FOUND : []);
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function typed(text: string, taken: string[] = []) {
  async function onTake(symbol: string) {
    taken.push(symbol);
    return true;
  }
  render(
    <Provider store={makeStore()}>
      <InstrumentSearch label="Find" onTake={onTake} />
    </Provider>,
  );
  const field = screen.getByRole("combobox");
  fireEvent.change(field, { target: { value: text } });
  return field;
}

test("an instrument is chosen with the keyboard alone", async () => {
  const taken: string[] = [];
  const field = typed("in", taken);
  await screen.findByRole("option", { name: /INDIGO/ });
  fireEvent.keyDown(field, { key: "ArrowDown" });
  expect(screen.getByRole("option", { selected: true }).textContent).toContain("INDIGO");
  fireEvent.keyDown(field, { key: "Enter" });
  expect(taken).toEqual(["NSE:INDIGO"]);
});

test("what is not found is taken as it is written", () => {
  const taken: string[] = [];
  fireEvent.keyDown(typed("nse:tcs", taken), { key: "Enter" });
  expect(taken).toEqual(["NSE:TCS"]);
});

test("that nothing is called so is said, and Escape closes the list", async () => {
  const field = typed("zzz");
  await screen.findByText("No instrument is called so.");
  fireEvent.keyDown(field, { key: "Escape" });
  expect(field.getAttribute("aria-expanded")).toBe("false");
});

test("a slash leads to the field from wherever nothing is written", () => {
  const field = typed("");
  fireEvent.keyDown(document.body, { key: "/" });
  expect(document.activeElement).toBe(field);
});
