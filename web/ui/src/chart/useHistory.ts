/** Reads a chart's history when it is opened, and again whenever there is doubt about what is shown. */

import { nanoid } from "@reduxjs/toolkit";
import { useEffect, useState } from "react";
import { isPassing } from "@/api/problems";
import { type Dispatch, useAppDispatch, useAppSelector } from "@/app/store";
import { historyAsked, historyFailed, historyRead } from "@/market/candles";
import { isHollow } from "@/market/series";
import { pauseMs } from "@/socket/pauses";
import { tradedSince } from "./adjustment";
import { endpoints, type Range, type Wish } from "./endpoints";

/** What closes in a row, as after a heal, is waited for; and nobody reads more often than that. */
const DOUBT_MS = 4_000;

/** How often it is read while nothing is pushed, or while a store is away. */
const POOR_MS: Record<Range, number> = { live: 5_000, year: 30_000 };

export function keyOf({ instrument, timeframe, range, adjustment }: Wish): string {
  return `${range} ${adjustment} ${channelOf(instrument, timeframe)}`;
}

export function channelOf(instrument: string, timeframe: string): string {
  return `candle.${instrument}.${timeframe}`;
}

/** Of an instrument whose exchange is in this zone. */
export function useHistory({ instrument, timeframe, range, adjustment }: Wish, zone: string): void {
  const dispatch = useAppDispatch();
  const turn = useTurns(instrument, range);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new turn is a new reading of the same.
  useEffect(() => {
    const reading = new AbortController();
    void read(dispatch, { instrument, timeframe, range, adjustment }, zone, reading.signal);
    return () => reading.abort();
  }, [dispatch, instrument, timeframe, range, adjustment, zone, turn]);
}

/** Tries until it has been read; what the server refuses it refuses again, so that is told and left. */
async function read(dispatch: Dispatch, wish: Wish, zone: string, signal: AbortSignal): Promise<void> {
  const key = keyOf(wish);
  for (let tries = 0; !signal.aborted; tries += 1) {
    const since = tradedSince(wish.adjustment, zone, Date.now());
    dispatch(historyAsked({ key, channel: channelOf(wish.instrument, wish.timeframe), tradedSince: since }));
    const { data, error } = await ask(dispatch, wish, signal);
    if (signal.aborted) {
      return;
    }
    if (data !== undefined) {
      dispatch(historyRead({ key, history: data }));
      return;
    }
    const problem = error ?? { message: "Nothing was answered." };
    dispatch(historyFailed({ key, problem }));
    if (!isPassing(problem)) {
      return;
    }
    await new Promise((done) => setTimeout(done, pauseMs(tries)));
  }
}

function ask(dispatch: Dispatch, wish: Wish, signal: AbortSignal) {
  const { bars, year } = endpoints.endpoints;
  const asked = { ...wish, nowMs: Date.now(), reading: nanoid() };
  const options = { subscribe: false };
  const request = dispatch(wish.range === "live" ? bars.initiate(asked, options) : year.initiate(asked, options));
  signal.addEventListener("abort", () => request.abort());
  return request;
}

/** Counts the reasons to read again: a hole in the stream at once, doubts a moment later, and now and then without a socket. */
function useTurns(instrument: string, range: Range): number {
  const holes = useAppSelector((state) => state.interface.holes);
  const isPoor = useAppSelector(({ interface: { line }, candles }) => line.is !== "open" || candles.trouble !== "");
  const isReading = useAppSelector((state) => state.candles.since !== null);
  // Not while it is read: on a slow network no reading would ever come to its end.
  return holes + useDoubts(instrument) + useTicks(isPoor && !isReading, POOR_MS[range]);
}

function useDoubts(instrument: string): number {
  const doubts = useAppSelector((state) => state.candles.doubts);
  const hollow = useAppSelector((state) => isHollow(state.candles.candles));
  const status = useAppSelector((state) => state.statuses.instruments[instrument]?.status);
  const reason = `${instrument} ${status} ${doubts} ${hollow}`;
  const [settled, setSettled] = useState({ reason, count: 0 });
  useEffect(() => {
    if (settled.reason === reason) {
      return undefined;
    }
    const timer = setTimeout(() => setSettled({ reason, count: settled.count + 1 }), DOUBT_MS);
    return () => clearTimeout(timer);
  }, [settled, reason]);
  return settled.count;
}

function useTicks(isOn: boolean, everyMs: number): number {
  const [ticks, setTicks] = useState(0);
  useEffect(() => {
    const timer = isOn ? setInterval(() => setTicks((count) => count + 1), everyMs) : undefined;
    return () => clearInterval(timer);
  }, [isOn, everyMs]);
  return ticks;
}
