import { cleanup, render, screen } from "@testing-library/react";
import { Provider } from "react-redux";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeStore } from "@/app/store";
import { answering } from "@/testing/answering";
import { ReportPage } from "./ReportPage";

const DAY = { date: "2026-11-20", exchange: "NSE", kind: "equity", instruments: 3 };
const BREADTH = { advances: 2, declines: 1, unchanged: 0, ratio: 2, new_highs: 0, new_lows: 0, counted_highs: 3 };
const LISTS = { perhaps_split: [], gainers: [], losers: [], busiest: [], delivered: [], built: [], unwound: [] };
const COUNTS = { official: 3, minutes: 375, minutes_expected: 375, volatility: 12, delivery_reported: 0 };

beforeEach(() =>
  answering(async ({ url }) =>
    Response.json(
      new URL(url).pathname.endsWith("/reports/")
        ? { items: [DAY] }
        : { report: { ...DAY, ...COUNTS, ...LISTS, breadth: BREADTH } },
    ),
  ),
);
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function opened(address: string): void {
  const router = createMemoryRouter([{ path: "/report/:date?", element: <ReportPage /> }], {
    initialEntries: [address],
  });
  render(
    <Provider store={makeStore()}>
      <RouterProvider router={router} />
    </Provider>,
  );
}

it("who asks for a day that has no report is told whose it is that is shown", async () => {
  opened("/report/2020-01-01");
  await screen.findByText("There is no report of 2020-01-01 for NSE shares; this is that of 2026-11-20.");
});

it.each(["/report", "/report/2026-11-20"])("%s shows a day, and there is nothing more to say", async (address) => {
  opened(address);
  await screen.findByText("2 rose");
  expect(screen.queryByText(/There is no report of/)).toBeNull();
});
