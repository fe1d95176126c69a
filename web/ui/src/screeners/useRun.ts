import { useEffect, useState } from "react";
import { api } from "@/api/api";
import { problemWords, type QueryError } from "@/api/problems";
import { useAppDispatch, useAppSelector } from "@/app/store";
import { isAway } from "@/socket/isAway";
import { useFollow } from "@/socket/LineProvider";
import { type Screener, screenersApi } from "./endpoints";
import { type Run, runWords } from "./runs";

const LOOK_MS = 2_000;

export interface Running {
  isRunning: boolean;
  /** Undefined until something was told of it. */
  run: Run | undefined;
  words: string;
  begin(): Promise<void>;
}

/** A screener's runs: begun from here, told by the socket, looked for while it is away. */
export function useRun({ id, result }: Screener): Running {
  useFollow([`screening.${id}`]);
  const dispatch = useAppDispatch();
  const told = useAppSelector(({ runs }) => runs[id]);
  const isBlind = useAppSelector((state) => isAway(state.interface.line));
  const [send, { error }] = screenersApi.useRunScreenerMutation();
  const [begun, setBegun] = useState<{ job: string; finished: number } | null>(null);
  const run = begun === null || told?.job === begun.job ? told : undefined;
  const isOver =
    run?.type === "screener_complete" || (begun !== null && result !== null && result.finished > begun.finished);
  const isRunning = (begun !== null || run !== undefined) && !isOver;
  const finishedJob = run?.type === "screener_complete" ? run.job : "";

  useEffect(() => {
    if (finishedJob !== "") {
      dispatch(api.util.invalidateTags(["Screeners"]));
    }
  }, [dispatch, finishedJob]);

  useEffect(() => {
    if (!(isRunning && isBlind)) {
      return undefined;
    }
    const timer = setInterval(() => dispatch(api.util.invalidateTags(["Screeners"])), LOOK_MS);
    return () => clearInterval(timer);
  }, [dispatch, isRunning, isBlind]);

  async function begin() {
    const answer = await send(id);
    if (answer.data !== undefined) {
      setBegun({ job: answer.data.job, finished: result?.finished ?? 0 });
    }
  }

  return { isRunning, run, words: wordsOf(run, isRunning, error as QueryError | undefined), begin };
}

function wordsOf(run: Run | undefined, isRunning: boolean, error: QueryError | undefined): string {
  if (error !== undefined) {
    return problemWords(error);
  }
  return run === undefined ? (isRunning ? "Begun…" : "") : runWords(run);
}
