/** Changes of one's own lists, one after the other, each told in words. */

import { useCallback, useRef } from "react";
import { problemWords, type QueryError } from "@/api/problems";
import { type Dispatch, useAppDispatch } from "@/app/store";
import { watchlistApi } from "./endpoints";

export const MOST_INSTRUMENTS = 500;

type Change = (instruments: readonly string[]) => string[];

/** What came of a change: how many instruments the list has now and had before, or why nothing was changed. */
export type Outcome = { problem: null; before: number; now: number } | { problem: string };

/**
 * Each change is made to the list as the server has it then: what another window added stays, and of two quick changes the
 * second sees the first.
 */
export function useListEdit(): (id: number, change: Change) => Promise<Outcome> {
  const dispatch = useAppDispatch();
  const last = useRef<Promise<unknown>>(Promise.resolve());
  return useCallback(
    (id, change) => {
      const made = last.current.then(() => rewrite(dispatch, id, change));
      last.current = made;
      return made;
    },
    [dispatch],
  );
}

async function rewrite(dispatch: Dispatch, id: number, change: Change): Promise<Outcome> {
  const { watchlist, changeWatchlist } = watchlistApi.endpoints;
  try {
    const list = await dispatch(watchlist.initiate(id, { forceRefetch: true, subscribe: false })).unwrap();
    const instruments = change(list.instruments);
    if (instruments.length > MOST_INSTRUMENTS) {
      return { problem: `The list is full: it holds ${MOST_INSTRUMENTS} instruments. Remove one first.` };
    }
    const after = await dispatch(changeWatchlist.initiate({ ...list, instruments })).unwrap();
    return { problem: null, before: list.instruments.length, now: after.instruments.length };
  } catch (error) {
    return { problem: problemWords(error as QueryError) };
  }
}
