/** Reading history: the newest bars for the live chart, and a year of them. */

import { api } from "@/api/api";
import type { Gap, History, NotAdjusted } from "@/market/candles";
import type { Candle } from "@/market/series";
import type { CandleState } from "@/socket/messages";
import type { Adjustment } from "./adjustment";
import { DAY_MS, timeframeOf } from "./timeframes";

export type Range = "live" | "year";

export interface Wish {
  instrument: string;
  timeframe: string;
  range: Range;
  adjustment: Adjustment;
}

export interface Asked extends Wish {
  nowMs: number;
  /** Makes each reading a request of its own: the end of one that was given up is not taken for the answer to the next. */
  reading: string;
}

interface Bar {
  t: number;
  o: number | null;
  h: number | null;
  l: number | null;
  c: number | null;
  v: number;
  state: CandleState;
  rev: number;
  source: string;
}

/** What both kinds of answers tell. */
interface Answer {
  complete: boolean;
  gaps: Gap[];
  missing: string[];
  not_adjusted: NotAdjusted[];
  data: string;
}

interface BarsAnswer extends Answer {
  bars: Record<string, Bar[]>;
}

interface ChartAnswer extends Answer {
  candles: Bar[];
  forming: Bar | null;
  degraded: string;
}

const LIVE_BARS = 500;
/** The candles are kept where pushes come to them, so nothing of the answer is to be kept, nor compared. */
const ONCE = { keepUnusedDataFor: 0, structuralSharing: false } as const;

export const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    bars: build.query<History, Asked>({
      ...ONCE,
      query: ({ instrument, timeframe, adjustment, nowMs }) => ({
        url: "api/v1/bars",
        params: {
          symbols: instrument,
          timeframe,
          start: new Date(nowMs - timeframeOf(timeframe).days * DAY_MS).toISOString(),
          limit: LIVE_BARS,
          sort: "desc",
          adjustment,
        },
      }),
      transformResponse: (told: BarsAnswer, _meta, { instrument }) =>
        history(told, [...(told.bars[instrument] ?? [])].reverse(), ""),
    }),
    year: build.query<History, Asked>({
      ...ONCE,
      query: ({ instrument, timeframe, adjustment }) => ({
        url: `api/v1/chart/${encodeURIComponent(instrument)}`,
        params: { timeframe, range: "1y", adjustment },
      }),
      transformResponse: (told: ChartAnswer) =>
        history(told, told.forming === null ? told.candles : [...told.candles, told.forming], told.degraded),
    }),
  }),
});

/** A bar whose price is not known can not be drawn, and is no candle. */
export function candleOf({ t, o, h, l, c, v, ...rest }: Bar): Candle[] {
  if (o === null || h === null || l === null || c === null) {
    return [];
  }
  return [
    { time: t, open: o, high: h, low: l, close: c, volume: v, state: rest.state, rev: rest.rev, source: rest.source },
  ];
}

function history(told: Answer, bars: Bar[], degraded: string): History {
  const unread = told.missing.length === 0 ? "" : `could not be read: ${told.missing.join(", ")}`;
  return {
    candles: bars.flatMap(candleOf),
    gaps: told.gaps,
    notAdjusted: told.not_adjusted,
    complete: told.complete,
    isSimulated: told.data === "simulated",
    trouble: [unread, degraded].filter((words) => words !== "").join("; "),
  };
}
