/** Reading a depth while none is pushed. */

import { api } from "@/api/api";
import { marketClock } from "@/market/clock";
import type { Book } from "./book";

/** Times are null and both sides empty where nothing was told in the last minute. */
export interface DepthTold extends Omit<Book, "ts_recv"> {
  ts_recv: number | null;
  age_ms: number | null;
  /** Why there is none, or nobody keeps it fresh; empty when all is well. */
  failed: string;
}

const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    depth: build.query<DepthTold, string>({
      query: (instrument) => `api/v1/depth/${encodeURIComponent(instrument)}`,
      keepUnusedDataFor: 0,
      async onQueryStarted(_, { queryFulfilled }) {
        const told = (await queryFulfilled.catch(() => null))?.data;
        if (told && told.ts_recv !== null && told.age_ms !== null) {
          marketClock.tell(told.ts_recv + told.age_ms);
        }
      },
    }),
  }),
});

export const { useDepthQuery } = endpoints;
