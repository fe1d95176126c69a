import { api } from "@/api/api";
import type { Page } from "./models";

/** What a provider's list says otherwise than the tables, until somebody has settled it. */
export interface Conflict {
  id: number;
  provider_id: number;
  kind: "taken over" | "repeated" | "other meaning" | "other terms";
  /** Whom the list names. */
  instrument: string;
  segment: string;
  provider_symbol: string;
  /** Who else is concerned; empty where nobody is. */
  other: string;
  detail: string;
  /** Of the list that said so last, as YYYY-MM-DD. */
  day: string;
  created_at: string;
}

const ROWS = 50;

const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    conflicts: build.query<Page<Conflict>, { provider: number; page_token: string }>({
      query: ({ provider, page_token }) => ({
        url: `provider/${provider}/conflicts`,
        params: { page_token, limit: ROWS },
      }),
      providesTags: ["Conflicts"],
    }),
    settle: build.mutation<Conflict, { provider: number; id: number }>({
      query: ({ provider, id }) => ({ url: `provider/${provider}/conflicts/${id}`, method: "DELETE" }),
      invalidatesTags: ["Conflicts", "Audit"],
    }),
  }),
});

export const { useConflictsQuery, useSettleMutation } = endpoints;
