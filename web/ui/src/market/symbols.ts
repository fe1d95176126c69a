/** Symbols: found by a part of their name, and what there is to know of one. */

import { api } from "@/api/api";

export interface InstrumentFound {
  symbol: string;
  /** The canonical name, `NSE:RELIANCE`. */
  ticker: string;
  description: string;
  exchange: string;
  type: string;
}

export interface InstrumentInfo {
  name: string;
  ticker: string;
  description: string;
  exchange: string;
  /** The exchange's zone, as `Asia/Kolkata`. */
  timezone: string;
  /** Its hours, as `0915-1530:23456`, or `24x7`. */
  session: string;
  /** Prices are whole multiples of one part of so many. */
  pricescale: number;
}

const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    findInstruments: build.query<InstrumentFound[], { text: string; limit: number }>({
      query: ({ text, limit }) => ({ url: "udf/search", params: { query: text, limit } }),
      keepUnusedDataFor: 30,
    }),
    instrument: build.query<InstrumentInfo, string>({
      query: (symbol) => ({ url: "udf/symbols", params: { symbol } }),
    }),
  }),
});

export const { useFindInstrumentsQuery, useInstrumentQuery } = endpoints;

/** How many decimals its prices have. */
export function decimalsOf({ pricescale }: InstrumentInfo): number {
  return Math.max(0, Math.round(Math.log10(pricescale)));
}
