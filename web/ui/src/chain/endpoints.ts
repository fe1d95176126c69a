/** Reading chains: what expires when, how a chain is or was, and how its figures went through days. */

import { api } from "@/api/api";
import type { ChainSnapshot, Summary } from "./snapshot";

export interface Expiry {
  expiry: string;
  /** When the exchange closes then; null where its hours are not known. */
  expires_at: number | null;
  strikes: number;
}

export interface Expiries {
  underlying: string;
  timezone: string;
  items: Expiry[];
}

export interface ChainWish {
  underlying: string;
  expiry: string;
  /** An ISO time: how it was then; empty: how it is. */
  at: string;
}

export interface HistoryWish {
  underlying: string;
  expiry: string;
  /** The exchange's last day; empty: the newest that has snapshots. */
  date: string;
  days: number;
}

export interface ChainHistory {
  start_date: string;
  end_date: string;
  timezone: string;
  items: Summary[];
}

const path = (underlying: string) => `api/v1/option_chain/${encodeURIComponent(underlying)}`;

const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    expiries: build.query<Expiries, string>({ query: (underlying) => `${path(underlying)}/expiries` }),
    optionChain: build.query<ChainSnapshot, ChainWish>({
      query: ({ underlying, expiry, at }) => ({
        url: path(underlying),
        params: { expiry, at },
      }),
      keepUnusedDataFor: 5,
      structuralSharing: false,
    }),
    chainHistory: build.query<ChainHistory, HistoryWish>({
      query: ({ underlying, expiry, date, days }) => ({
        url: `${path(underlying)}/history`,
        params: { expiry, end_date: date, days },
      }),
      keepUnusedDataFor: 5,
    }),
  }),
});

export const { useExpiriesQuery, useOptionChainQuery, useChainHistoryQuery } = endpoints;
