/** The candles of the chart that is looked at: what history holds, and what was pushed since it was asked for. */

import { createAction, type UnknownAction } from "@reduxjs/toolkit";
import type { QueryError } from "@/api/problems";
import { received } from "@/socket/batch";
import type { CandleData } from "@/socket/messages";
import { bounded, type Candle, merged, type Series } from "./series";

/** Where candles lack, and why; the end is not included. */
export interface Gap {
  start: number;
  end: number;
  state: "missing" | "healing" | "unresolvable" | "archived";
  reason: string;
}

/** A dividend that the prices before it are not adjusted for. */
export interface NotAdjusted {
  ex_date: string;
  amount: number | null;
}

/** What REST answers of a chart, in one form for both kinds of charts. */
export interface History {
  candles: Series;
  gaps: Gap[];
  notAdjusted: NotAdjusted[];
  complete: boolean;
  isSimulated: boolean;
  /** Stores that could not be read, and why nobody keeps the year chart fresh; empty when all is well. */
  trouble: string;
}

export interface Candles extends History {
  /** Which chart: its channel and range. */
  key: string;
  channel: string;
  /** What is pushed stands as traded; what history tells from then on, too, and what is before it may be adjusted. */
  tradedSince: number;
  /** The candles as they were when the last one closed or began: marks are made of them, not at each price. */
  settled: Series;
  /** What was pushed while history is awaited; null when none is. */
  since: Series | null;
  /** How often history was read, for who wants to know whether there is any. */
  readings: number;
  /** Grows when what was pushed does not fit to what history told: it should be read again. */
  doubts: number;
  problem: QueryError | null;
}

const NONE: Candles = {
  key: "",
  channel: "",
  tradedSince: 0,
  candles: [],
  gaps: [],
  notAdjusted: [],
  complete: true,
  isSimulated: false,
  trouble: "",
  settled: [],
  since: null,
  readings: 0,
  doubts: 0,
  problem: null,
};

const DAY_MS = 86_400_000;

/** Beyond twice as many the oldest go; a year of minutes is less. */
const MOST = 600_000;

export const historyAsked = createAction<{ key: string; channel: string; tradedSince: number }>("candles/historyAsked");
export const historyRead = createAction<{ key: string; history: History }>("candles/historyRead");
export const historyFailed = createAction<{ key: string; problem: QueryError }>("candles/historyFailed");

/** By hand and not by Immer, which would look at each of a hundred thousand candles at every frame. */
export function candlesReducer(state: Candles = NONE, action: UnknownAction): Candles {
  if (received.match(action)) {
    return pushed(state, action.payload.candles.filter(({ channel }) => channel === state.channel).map(candleOf));
  }
  if (historyAsked.match(action)) {
    const known = action.payload.key === state.key ? state : NONE;
    return { ...known, ...action.payload, since: [] };
  }
  if (historyRead.match(action) && action.payload.key === state.key) {
    return read(state, action.payload.history);
  }
  if (historyFailed.match(action) && action.payload.key === state.key) {
    return { ...state, problem: action.payload.problem };
  }
  return state;
}

function pushed(state: Candles, told: Candle[]): Candles {
  if (told.length === 0) {
    return state;
  }
  const candles = told.filter((candle) => isAsTraded(state, candle));
  const isOdd = candles.length < told.length || (state.readings > 0 && candles.some((candle) => isNews(state, candle)));
  const all = bounded(merged(state.candles, candles), MOST);
  const isSettled = all.length !== state.candles.length || candles.some((candle) => candle.state !== "forming");
  return {
    ...state,
    candles: all,
    settled: isSettled ? all : state.settled,
    since: state.since && merged(state.since, candles),
    doubts: state.doubts + (isOdd ? 1 : 0),
  };
}

/** Whether it stands beside adjusted candles as it is; an earlier one has to be asked for. */
function isAsTraded({ tradedSince }: Candles, { state, time }: Candle): boolean {
  return state === "forming" || time >= tradedSince;
}

/** Whether it changes what is known: it fills a gap, there is one before it, or with its day earlier prices change. */
function isNews({ candles, gaps, tradedSince }: Candles, { time }: Candle): boolean {
  const [before, last] = candles.slice(-2);
  const tomorrow = tradedSince + DAY_MS;
  if (tradedSince > 0 && time >= tomorrow && (last === undefined || last.time < tomorrow)) {
    return true;
  }
  const leaps = before !== undefined && last !== undefined && time - last.time > last.time - before.time;
  return leaps || gaps.some((gap) => time >= gap.start && time < gap.end);
}

/** What was told before it was asked for is in it; so all that it does not hold is gone, as after a restart. */
function read(state: Candles, history: History): Candles {
  const candles = merged(history.candles, state.since ?? []);
  return { ...state, ...history, candles, settled: candles, since: null, readings: state.readings + 1, problem: null };
}

function candleOf({ data }: { data: CandleData }): Candle {
  const { time, open, high, low, close, volume, state, rev, source } = data;
  return { time, open, high, low, close, volume, state, rev, source };
}
