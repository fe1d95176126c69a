import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { Provider } from "react-redux";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it, vi } from "vitest";
import { makeStore } from "@/app/store";
import { answering } from "@/testing/answering";
import { NothingFound } from "./NothingFound";

const NOW = 1_795_252_564_000;
const COUNTS = { found: 0, examined: 20, undecided: 3, stale: 0, missing: 0 };
const NOTHING = { ...COUNTS, matches: [], finished: NOW - 300_000, timeframe: "1d", columns: ["close"] };

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function opened(told: Record<string, unknown>): string[] {
  const sent: string[] = [];
  answering(async (asked) => {
    if (asked.method === "POST") {
      sent.push(new URL(asked.url).pathname);
      return Response.json({ job: "screen-1", instruments: 20 }, { status: 202 });
    }
    const definition = { where: { left: "close", is: ">", right: 5 } };
    return Response.json({ id: "swing", name: "Swing", definition, result: NOTHING, timestamp: NOW, ...told });
  });
  render(
    <Provider store={makeStore()}>
      <MemoryRouter>
        <NothingFound id="swing" />
      </MemoryRouter>
    </Provider>,
  );
  return sent;
}

it("says when nothing was found among how many, and runs again", async () => {
  const sent = opened({});
  await screen.findByText(
    /Nothing was found when Swing ran 5 min ago: 0 of 20 match. Beside them 3 have too few bars./,
  );
  fireEvent.click(screen.getByRole("button", { name: "Run it again" }));
  await screen.findByRole("button", { name: "Running…" });
  expect(sent).toEqual(["/api/v1/screeners/swing/run"]);
});

it("says that it never ran, or that a list alone is empty", async () => {
  opened({ result: null });
  await screen.findByText(/Swing has not been run yet/);
  screen.getByRole("button", { name: "Run it" });
  cleanup();
  opened({ definition: null, result: null });
  await screen.findByText("The list Swing is empty.");
  expect(screen.queryByRole("button")).toBeNull();
});
