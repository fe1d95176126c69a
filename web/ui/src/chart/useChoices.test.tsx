import { act, cleanup, renderHook } from "@testing-library/react";
import { MemoryRouter, useLocation } from "react-router";
import { afterEach, expect, test } from "vitest";
import { useChoices } from "./useChoices";

afterEach(cleanup);

function opened(address: string) {
  return renderHook(() => ({ chosen: useChoices(), search: useLocation().search }), {
    wrapper: ({ children }) => <MemoryRouter initialEntries={[address]}>{children}</MemoryRouter>,
  });
}

test("the address says range and adjustment, and each choice leaves the other", () => {
  const { result } = opened("/chart/NSE:TCS?adjustment=all");
  expect(result.current.chosen[0]).toEqual({ range: "live", adjustment: "all", depth: false });
  act(() => result.current.chosen[1]({ range: "year" }));
  expect(result.current.search).toBe("?range=1y&adjustment=all");
  act(() => result.current.chosen[1]({ adjustment: "raw" }));
  expect(result.current.search).toBe("?range=1y");
});

test("the depth stays open where something else is chosen, until it is closed", () => {
  const { result } = opened("/chart/NSE:TCS");
  act(() => result.current.chosen[1]({ depth: true }));
  act(() => result.current.chosen[1]({ range: "year" }));
  expect([result.current.chosen[0].depth, result.current.search]).toEqual([true, "?range=1y&depth=20"]);
  act(() => result.current.chosen[1]({ depth: false }));
  expect(result.current.search).toBe("?range=1y");
});

test("what an address says that nobody knows is the usual chart", () => {
  const { result } = opened("/chart/NSE:TCS?range=9y&adjustment=other");
  expect(result.current.chosen[0]).toEqual({ range: "live", adjustment: "raw", depth: false });
});
