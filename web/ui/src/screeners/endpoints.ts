/** Screeners as the server has them: read, written, run. */

import { api } from "@/api/api";
import { watchlistApi } from "@/watchlist/endpoints";
import type { Definition } from "./definition";

export interface Result {
  matches: { instrument: string; time: number; close: number; values: (number | null)[] }[];
  found: number;
  examined: number;
  undecided: number;
  stale: number;
  missing: number;
  /** Milliseconds UTC. */
  finished: number;
  timeframe: string;
  columns: string[];
}

export interface Screener {
  id: string;
  name: string;
  description: string;
  is_own: boolean;
  /** Null of a list that looks for nothing. */
  definition: Definition | null;
  /** Null until its first run. */
  result: Result | null;
  timestamp: number;
}

export interface Indicator {
  name: string;
  unit: string;
  words: string;
  parameters: { name: string; default: number; minimum: number; maximum: number; is_whole: boolean }[];
  timeframes: "any" | "daily" | "intraday";
}

export interface Written {
  name: string;
  description: string;
  definition: Definition;
}

const pathOf = (id: string) => `api/v1/screeners/${encodeURIComponent(id)}`;

export const screenersApi = api.injectEndpoints({
  endpoints: (build) => ({
    screener: build.query<Screener, string>({ query: pathOf, providesTags: ["Screeners"] }),
    indicators: build.query<Indicator[], void>({
      query: () => "api/v1/indicators/",
      transformResponse: (told: { items: Indicator[] }) => told.items,
    }),
    addScreener: build.mutation<{ id: string }, Written>({
      query: (body) => ({ url: "api/v1/screeners/", method: "POST", body }),
      invalidatesTags: ["Screeners"],
    }),
    changeScreener: build.mutation<{ id: string }, { id: string; written: Written }>({
      query: ({ id, written }) => ({ url: pathOf(id), method: "PUT", body: written }),
      invalidatesTags: ["Screeners"],
    }),
    deleteScreener: build.mutation<unknown, string>({
      query: (id) => ({ url: pathOf(id), method: "DELETE" }),
      // Were all read again, so would be the one that is gone, while it is still shown.
      async onQueryStarted(id, { dispatch, queryFulfilled }) {
        if ((await queryFulfilled.catch(() => null)) !== null) {
          dispatch(
            watchlistApi.util.updateQueryData("screeners", undefined, (lines) => lines.filter((one) => one.id !== id)),
          );
        }
      },
    }),
    runScreener: build.mutation<{ job: string; instruments: number }, string>({
      query: (id) => ({ url: `${pathOf(id)}/run`, method: "POST" }),
    }),
  }),
});
