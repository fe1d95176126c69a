/** Reading reports: of which days there are some, and one of them. */

import { api } from "@/api/api";

/** A day that was worked through, of one exchange's instruments of one kind. */
export interface DayTold {
  date: string;
  exchange: string;
  kind: string;
  instruments: number;
}

export interface Breadth {
  advances: number;
  declines: number;
  unchanged: number;
  /** Advances for each decline. */
  ratio: number | null;
  new_highs: number;
  new_lows: number;
  /** Of how many a year is held, so that they can have a new high. */
  counted_highs: number;
}

export interface Mover {
  instrument: string;
  close: number;
  value: number;
}

export interface DayReport {
  exchange: string;
  kind: string;
  date: string;
  instruments: number;
  /** Of how many the day's bar is the exchange's own. */
  official: number;
  minutes: number;
  minutes_expected: number;
  breadth: Breadth;
  /** Percent a year. */
  volatility: number | null;
  /** Of how many it is known; 0 before the exchange's report is there. */
  delivery_reported: number;
  /** Moved so far that a split or bonus may be lacking. */
  perhaps_split: Mover[];
  gainers: Mover[];
  losers: Mover[];
  busiest: Mover[];
  delivered: Mover[];
  built: Mover[];
  unwound: Mover[];
}

export interface ReportWish {
  date: string;
  exchange: string;
  kind: string;
}

const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    reports: build.query<DayTold[], void>({
      query: () => "api/v1/reports/",
      transformResponse: (told: { items: DayTold[] }) => told.items,
    }),
    report: build.query<DayReport, ReportWish>({
      query: ({ date, ...params }) => ({ url: `api/v1/reports/${encodeURIComponent(date)}`, params }),
      transformResponse: (told: { report: DayReport }) => told.report,
    }),
  }),
});

export const { useReportsQuery, useReportQuery } = endpoints;
