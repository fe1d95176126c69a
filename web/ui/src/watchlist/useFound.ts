import { skipToken } from "@reduxjs/toolkit/query";
import { useEffect, useState } from "react";
import type { ApiProblem } from "@/api/api";
import { type Found, watchlistApi } from "./endpoints";

const QUIET_MS = 150;
const NOTHING: Found[] = [];

export interface Finding {
  found: readonly Found[];
  /** Whether what was found is of the text as it stands now. */
  isSettled: boolean;
  problem: ApiProblem | undefined;
}

/** The instruments that some text may mean, asked for when nothing was typed for a moment. */
export function useFound(text: string): Finding {
  const wanted = text.trim();
  const asked = useSettled(wanted);
  const { currentData, error } = watchlistApi.useFindInstrumentsQuery(asked === "" ? skipToken : asked);
  return {
    found: wanted === "" ? NOTHING : (currentData ?? NOTHING),
    isSettled: asked === wanted && (currentData !== undefined || error !== undefined),
    problem: error as ApiProblem | undefined,
  };
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), QUIET_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
