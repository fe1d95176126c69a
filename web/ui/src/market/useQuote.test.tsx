import { act, cleanup, render, screen } from "@testing-library/react";
import { Provider } from "react-redux";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeStore } from "@/app/store";
import { marketClock } from "./clock";
import { pricesKnown } from "./quotes";
import { useQuote, useQuoteAge } from "./useQuote";

const NOW = 1_795_252_700_000;
let drawn: Record<string, number> = {};

function Last({ instrument }: { instrument: string }) {
  const quote = useQuote(instrument);
  drawn[instrument] = (drawn[instrument] ?? 0) + 1;
  return <p>{`${instrument} ${quote?.ltp ?? "none"}`}</p>;
}

function Age({ instrument }: { instrument: string }) {
  const age = useQuoteAge(instrument);
  drawn.age = (drawn.age ?? 0) + 1;
  return <i>{`age ${age}`}</i>;
}

beforeEach(() => {
  drawn = {};
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const known = (instrument: string, price: number, observedMs = NOW) => pricesKnown([{ instrument, price, observedMs }]);

it("draws again only who shows what has changed", () => {
  const store = makeStore();
  render(
    <Provider store={store}>
      <Last instrument="NSE:A" />
      <Last instrument="NSE:B" />
    </Provider>,
  );
  act(() => void store.dispatch(known("NSE:A", 10)));
  expect(screen.getByText("NSE:A 10")).toBeDefined();
  expect(drawn).toEqual({ "NSE:A": 2, "NSE:B": 1 });
});

it("hears nothing more once it is off the page", () => {
  const store = makeStore();
  const { unmount } = render(
    <Provider store={store}>
      <Last instrument="NSE:A" />
    </Provider>,
  );
  unmount();
  act(() => void store.dispatch(known("NSE:A", 10)));
  expect(drawn).toEqual({ "NSE:A": 1 });
});

it("tells the age by the server's clock, and draws again only when its words change", () => {
  const store = makeStore();
  marketClock.tell(NOW + 60_000);
  store.dispatch(known("NSE:A", 10, NOW + 60_000));
  render(
    <Provider store={store}>
      <Age instrument="NSE:A" />
    </Provider>,
  );
  expect(screen.getByText("age now")).toBeDefined();
  act(() => void vi.advanceTimersByTime(5_000));
  expect(screen.getByText("age 5 s")).toBeDefined();
  const before = drawn.age;
  act(() => void store.dispatch(known("NSE:B", 1)));
  expect(drawn.age).toBe(before);
});
