import { useCallback, useSyncExternalStore } from "react";
import { useStore } from "react-redux";
import type { State } from "@/app/store";
import { age } from "@/formats/times";
import { marketClock } from "./clock";
import type { Quote } from "./quotes";
import { bellsOf, type Table, useEntry } from "./useEntry";

const quotes: Table<Quote> = (state) => state.quotes;

/** The newest quote of an instrument. */
export function useQuote(instrument: string): Quote | undefined {
  return useEntry(quotes, instrument);
}

/** How old its price is, in words; who uses it draws again when the words change. Empty: there is no price. */
export function useQuoteAge(instrument: string): string {
  const store = useStore<State>();
  const listen = useCallback(
    (ring: () => void) => {
      const hushQuote = bellsOf(store, quotes).listen(instrument, ring);
      const hushClock = marketClock.listen(ring);
      return () => {
        hushQuote();
        hushClock();
      };
    },
    [store, instrument],
  );
  return useSyncExternalStore(listen, () => {
    const at = quotes(store.getState())[instrument]?.timestamp;
    return at === undefined ? "" : age(at, marketClock.nowMs);
  });
}
