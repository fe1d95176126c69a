import { useCallback, useSyncExternalStore } from "react";
import { useStore } from "react-redux";
import type { State } from "@/app/store";
import { Bells, type Entries } from "./bells";

type Store = ReturnType<typeof useStore<State>>;
/** A part of the store that is a table. Always the same function, for it is what the bells are found by. */
export type Table<T> = (state: State) => Entries<T>;

const hung = new WeakMap<Store, Map<Table<unknown>, Bells<unknown>>>();

/** One entry of a table; who uses it draws again when that entry changes and at nothing else. */
export function useEntry<T>(table: Table<T>, key: string): T | undefined {
  const store = useStore<State>();
  const listen = useCallback((ring: () => void) => bellsOf(store, table).listen(key, ring), [store, table, key]);
  return useSyncExternalStore(listen, () => table(store.getState())[key]);
}

/** The bells of a table, hung when they are first asked for. */
export function bellsOf<T>(store: Store, table: Table<T>): Bells<T> {
  const all = hung.get(store) ?? new Map<Table<unknown>, Bells<unknown>>();
  hung.set(store, all);
  let bells = all.get(table) as Bells<T> | undefined;
  if (bells === undefined) {
    const made = new Bells(() => table(store.getState()));
    store.subscribe(() => made.look());
    all.set(table, made);
    bells = made;
  }
  return bells;
}
