/** Reads a chart's history when it is opened, and again whenever there is doubt about what is shown. */

import { useEffect, useState } from "react";
import type { ApiProblem } from "@/api/api";
import { type Dispatch, useAppDispatch, useAppSelector } from "@/app/store";
import { historyAsked, historyFailed, historyRead } from "@/market/candles";
import { isHollow } from "@/market/series";
import { pauseMs } from "@/socket/pauses";
import { endpoints, type Wish } from "./endpoints";

/** What closes in a row, as after a heal, is waited for; and nobody reads more often than that. */
const DOUBT_MS = 4_000;

export function keyOf({ instrument, timeframe, range }: Wish): string {
  return `${range} ${channelOf(instrument, timeframe)}`;
}

export function channelOf(instrument: string, timeframe: string): string {
  return `candle.${instrument}.${timeframe}`;
}

export function useHistory({ instrument, timeframe, range }: Wish): void {
  const dispatch = useAppDispatch();
  const turn = useTurns(instrument);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new turn is a new reading of the same.
  useEffect(() => {
    const reading = new AbortController();
    void read(dispatch, { instrument, timeframe, range }, reading.signal);
    return () => reading.abort();
  }, [dispatch, instrument, timeframe, range, turn]);
}

/** Tries until it has been read; what the server refuses it refuses again, so that is told and left. */
async function read(dispatch: Dispatch, wish: Wish, signal: AbortSignal): Promise<void> {
  const key = keyOf(wish);
  for (let tries = 0; !signal.aborted; tries += 1) {
    dispatch(historyAsked({ key, channel: channelOf(wish.instrument, wish.timeframe) }));
    const { data, error } = await ask(dispatch, wish, signal);
    if (signal.aborted) {
      return;
    }
    if (data !== undefined) {
      dispatch(historyRead({ key, history: data }));
      return;
    }
    dispatch(historyFailed({ key, problem: error as ApiProblem }));
    if (!isPassing(error as ApiProblem)) {
      return;
    }
    await new Promise((done) => setTimeout(done, pauseMs(tries)));
  }
}

function ask(dispatch: Dispatch, wish: Wish, signal: AbortSignal) {
  const options = { forceRefetch: true, subscribe: false } as const;
  const { bars, year } = endpoints.endpoints;
  const request =
    wish.range === "live"
      ? dispatch(bars.initiate({ ...wish, nowMs: Date.now() }, options))
      : dispatch(year.initiate(wish, options));
  signal.addEventListener("abort", () => request.abort());
  return request;
}

function isPassing({ status }: ApiProblem): boolean {
  return status === 0 || status === 429 || status >= 500;
}

/** Counts the reasons to read again: a hole in the stream at once, doubts and changes of status a moment later. */
function useTurns(instrument: string): number {
  const holes = useAppSelector((state) => state.interface.holes);
  const doubts = useAppSelector((state) => state.candles.doubts);
  const hollow = useAppSelector((state) => isHollow(state.candles.candles));
  const status = useAppSelector((state) => state.statuses.instruments[instrument]?.status);
  const [calm, setCalm] = useState(0);
  const reason = `${instrument} ${status} ${doubts} ${hollow}`;
  const [settled, setSettled] = useState(reason);
  useEffect(() => {
    if (settled === reason) {
      return undefined;
    }
    const timer = setTimeout(() => {
      setSettled(reason);
      setCalm((count) => count + 1);
    }, DOUBT_MS);
    return () => clearTimeout(timer);
  }, [settled, reason]);
  return holes + calm;
}
