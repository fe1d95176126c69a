import { useEffect } from "react";
import { isPassing, type QueryError } from "./problems";

const PAUSE_MS = 3_000;

interface Asked {
  error?: unknown;
  isFetching: boolean;
  refetch(): unknown;
}

/** Asks again after a while as long as the server is away or broken; what it refuses stays refused. */
export function useTryAgain({ error, isFetching, refetch }: Asked): void {
  const isDue = error !== undefined && isPassing(error as QueryError) && !isFetching;
  useEffect(() => {
    if (!isDue) {
      return undefined;
    }
    const timer = setTimeout(refetch, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [isDue, refetch]);
}
