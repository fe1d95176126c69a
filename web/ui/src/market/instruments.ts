/** What can be traded, as the tables have it. */

import { api } from "@/api/api";
import type { ApiProblem } from "@/api/problems";

export interface Instrument {
  instrument: string;
  symbol: string;
  exchange: string;
  kind: "equity" | "index" | "future" | "option";
  name: string;
  lot_size: number;
  tick_size: number;
  expiry: string | null;
  strike: number | null;
  option_type: "CE" | "PE" | null;
  underlying: string | null;
}

export interface InstrumentFilter {
  kind?: Instrument["kind"];
  underlying?: string;
  q?: string;
}

interface InstrumentPage {
  items: Instrument[];
  next_page_token: string | null;
}

const PAGE = 1_000;
/** More than any underlying has contracts of one kind. */
const MOST_PAGES = 10;

const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    /** All that fit, page after page. */
    instruments: build.query<Instrument[], InstrumentFilter>({
      async queryFn(filter, _api, _extra, ask) {
        const found: Instrument[] = [];
        let token: string | null = "";
        for (let page = 0; page < MOST_PAGES && token !== null; page += 1) {
          const { data, error } = await ask({
            url: "instruments/",
            params: { ...filter, limit: PAGE, ...(token ? { page_token: token } : {}) },
          });
          if (error) {
            return { error: error as ApiProblem };
          }
          const told = data as InstrumentPage;
          found.push(...told.items);
          token = told.next_page_token;
        }
        return { data: found };
      },
      keepUnusedDataFor: 600,
    }),
  }),
});

export const { useInstrumentsQuery } = endpoints;
