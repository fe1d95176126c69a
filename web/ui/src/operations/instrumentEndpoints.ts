import { api } from "@/api/api";
import type { Page } from "./models";

export interface KnownInstrument {
  id: number;
  instrument: string;
  name: string;
  kind: "equity" | "index" | "future" | "option";
  keep_ticks: boolean;
}

const ROWS = 50;

const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    knownInstruments: build.query<Page<KnownInstrument>, { q: string; kind: string; page_token: string }>({
      query: (params) => ({ url: "instruments/", params: { ...params, limit: ROWS } }),
      providesTags: ["Instruments"],
    }),
    keepTicks: build.mutation<KnownInstrument, { id: number; keep_ticks: boolean }>({
      query: ({ id, ...body }) => ({ url: `instruments/${id}`, method: "PATCH", body }),
      invalidatesTags: ["Instruments", "Audit"],
    }),
  }),
});

export const { useKnownInstrumentsQuery, useKeepTicksMutation } = endpoints;
