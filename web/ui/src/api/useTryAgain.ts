import { useEffect } from "react";
import type { ApiProblem } from "./api";

const PAUSE_MS = 3_000;

interface Asked {
  error?: unknown;
  isFetching: boolean;
  refetch(): unknown;
}

/** Asks again after a while as long as the server is away or broken; what it refuses stays refused. */
export function useTryAgain({ error, isFetching, refetch }: Asked): void {
  const isPassing = error !== undefined && passes(error as ApiProblem);
  useEffect(() => {
    if (!isPassing || isFetching) {
      return undefined;
    }
    const timer = setTimeout(refetch, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [isPassing, isFetching, refetch]);
}

function passes({ status }: ApiProblem): boolean {
  return status === 0 || status === 429 || status >= 500;
}
