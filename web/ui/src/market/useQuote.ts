import { useCallback, useSyncExternalStore } from "react";
import { useStore } from "react-redux";
import type { State, Store } from "@/app/store";
import { age } from "@/formats/times";
import { QuoteBells } from "./bells";
import { marketClock } from "./clock";
import type { Quote } from "./quotes";

const bells = new WeakMap<object, QuoteBells>();

/** The newest quote of an instrument; who uses it draws again when that quote changes and at nothing else. */
export function useQuote(instrument: string): Quote | undefined {
  const store = useStore<State>() as Store;
  const listen = useCallback((ring: () => void) => bellsOf(store).listen(instrument, ring), [store, instrument]);
  return useSyncExternalStore(listen, () => store.getState().quotes[instrument]);
}

/** How old its price is, in words; who uses it draws again when the words change. Empty: there is no price. */
export function useQuoteAge(instrument: string): string {
  const store = useStore<State>() as Store;
  const listen = useCallback(
    (ring: () => void) => {
      const hush = [bellsOf(store).listen(instrument, ring), marketClock.listen(ring)];
      return () => hush.forEach((one) => void one());
    },
    [store, instrument],
  );
  return useSyncExternalStore(listen, () => {
    const at = store.getState().quotes[instrument]?.timestamp;
    return at === undefined ? "" : age(at, marketClock.nowMs);
  });
}

function bellsOf(store: Store): QuoteBells {
  let found = bells.get(store);
  if (found === undefined) {
    const made = new QuoteBells(() => store.getState().quotes);
    store.subscribe(() => made.look());
    bells.set(store, made);
    found = made;
  }
  return found;
}
