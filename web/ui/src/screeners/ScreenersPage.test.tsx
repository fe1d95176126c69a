import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { Provider } from "react-redux";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { lineChanged } from "@/app/interface";
import { makeStore } from "@/app/store";
import { received } from "@/socket/batch";
import { answering } from "@/testing/answering";
import { ScreenersPage } from "./ScreenersPage";

const NOW = 1_795_252_564_000;
const DEFINITION = {
  universe: { list: "swing" },
  where: { all: [{ left: "close", is: ">", right: "sma(20)" }] },
};
const RESULT = {
  matches: [{ instrument: "NSE:TCS", time: NOW, close: 99, values: [99, null] }],
  found: 1,
  examined: 20,
  undecided: 3,
  stale: 0,
  missing: 1,
  finished: NOW - 5_000,
  timeframe: "1d",
  columns: ["close", "sma(20)"],
};

let result: typeof RESULT | null;
let sent: { method: string; path: string; body: unknown }[];
let refusal: { detail: string; errors: string[] } | null;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  result = null;
  sent = [];
  refusal = null;
  answering(async (asked) => {
    const path = new URL(asked.url).pathname;
    if (asked.method !== "GET" && path.startsWith("/api/v1/screeners/")) {
      sent.push({ method: asked.method, path, body: asked.body === null ? null : await asked.json() });
      return refusal === null
        ? Response.json({ id: "7", job: "screen-1", instruments: 24 }, { status: 202 })
        : Response.json({ ...refusal, code: "bad_definition" }, { status: 400 });
    }
    if (path === "/api/v1/screeners/") {
      const swing = { id: "swing", name: "Swing", description: "", count: 24, is_own: false, can_run: true };
      return Response.json({ items: [swing, { ...swing, id: "7", name: "Own", is_own: true }] });
    }
    if (path.startsWith("/api/v1/screeners/")) {
      const id = path.split("/").at(-1) ?? "";
      const own = { id, name: id === "7" ? "Own" : "Swing", is_own: id === "7" };
      return Response.json({ ...own, description: "", definition: DEFINITION, result, timestamp: NOW });
    }
    return Response.json({ items: [], prices: {}, as_of: {}, timestamp: NOW });
  });
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function opened(path = "/screeners/swing") {
  const store = makeStore();
  const router = createMemoryRouter([{ path: "/screeners/:id?", element: <ScreenersPage /> }], {
    initialEntries: [path],
  });
  render(
    <Provider store={store}>
      <RouterProvider router={router} />
    </Provider>,
  );
  await passed();
  return store;
}

async function passed(): Promise<void> {
  for (let step = 0; step < 5; step += 1) {
    await act(() => vi.advanceTimersByTimeAsync(50));
  }
}

function told(store: ReturnType<typeof makeStore>, news: Record<string, unknown>): void {
  const data = { screener: "swing", job: "screen-1", message: "", progress: 0.5, ...news };
  const batch = { quotes: [], candles: [], statuses: [], refused: [], holes: [], notices: [] };
  act(() => void store.dispatch(received({ ...batch, told: [{ channel: "screening.swing", data }] })));
}

it("runs, tells how far it is, and shows what was found when it is done", async () => {
  const store = await opened();
  expect(screen.getByText("It has not been run yet.")).toBeTruthy();
  expect(screen.getByText(/close above sma\(20\); candles of 1d/)).toBeTruthy();
  fireEvent.click(screen.getByText("Run"));
  await passed();
  expect(sent).toEqual([{ method: "POST", path: "/api/v1/screeners/swing/run", body: null }]);
  expect((screen.getByText("Running…") as HTMLButtonElement).disabled).toBe(true);

  told(store, { type: "screener_progress", status: "running", message: "3 of the first 500 instruments match" });
  expect(screen.getByText("3 of the first 500 instruments match (50%)")).toBeTruthy();
  result = RESULT;
  told(store, { type: "screener_complete", status: "done", message: "1 of 24 instruments match", progress: 1 });
  await passed();
  expect(screen.getByText("Run")).toBeTruthy();
  expect(screen.getByLabelText("Result").textContent).toBe(
    "1 of 20 match. Beside them 3 have too few bars, 1 have no bars here. Found 5 s ago.",
  );
  const cells = screen.getByRole("table", { name: "Found by Swing" }).querySelectorAll("tbody td");
  expect([...cells].map((cell) => cell.textContent)).toEqual(["–", "–", "99.00", "–"]);
});

it("knows that a run is over though nobody tells", async () => {
  const store = await opened();
  act(() => void store.dispatch(lineChanged({ is: "away", why: "gone", tries: 1, againAt: NOW })));
  fireEvent.click(screen.getByText("Run"));
  await passed();
  result = { ...RESULT, finished: NOW + 1 };
  await act(() => vi.advanceTimersByTimeAsync(2_500));
  await passed();
  expect(screen.getByText("Run")).toBeTruthy();
});

it("says of a part of a new one what is wrong with it, and keeps it when it is right", async () => {
  await opened();
  fireEvent.click(screen.getByText("New screener"));
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: "Mine" } });
  fireEvent.change(screen.getByLabelText("Condition 1"), { target: { value: "smaa" } });
  refusal = { detail: "wrong", errors: ["definition.where.all[0].left: there is no indicator 'smaa'"] };
  fireEvent.submit(screen.getByRole("form"));
  await passed();
  const wrong = screen.getByLabelText("Condition 1");
  expect(wrong.getAttribute("aria-invalid")).toBe("true");
  const described = document.getElementById(wrong.getAttribute("aria-describedby") ?? "");
  expect(described?.textContent).toBe("There is no indicator 'smaa'.");

  refusal = null;
  fireEvent.change(wrong, { target: { value: "ema(8)" } });
  fireEvent.submit(screen.getByRole("form"));
  await passed();
  expect(sent.at(-1)?.body).toEqual({
    name: "Mine",
    description: "",
    definition: {
      universe: { exchange: "NSE" },
      where: { all: [{ left: "ema(8)", is: ">", right: "sma(50)" }] },
      timeframe: "1d",
      sort: { by: "change", descending: true },
      limit: 100,
      columns: [],
    },
  });
  expect((screen.getByLabelText("Screener") as HTMLSelectElement).value).toBe("7");
});

it("takes away one's own after asking", async () => {
  await opened("/screeners/7");
  fireEvent.click(screen.getByText("Delete"));
  fireEvent.click(screen.getByText("Delete it"));
  await passed();
  expect(sent).toEqual([{ method: "DELETE", path: "/api/v1/screeners/7", body: null }]);
});
