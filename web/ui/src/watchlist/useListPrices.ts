/** The prices of a list: asked for once, then told by the socket, and asked for again and again while it is away. */

import { skipToken } from "@reduxjs/toolkit/query";
import { useMemo } from "react";
import type { QueryError } from "@/api/problems";
import { useTryAgain } from "@/api/useTryAgain";
import { useAppSelector } from "@/app/store";
import { MOST_CHANNELS } from "@/socket/following";
import { isAway } from "@/socket/isAway";
import { useFollow } from "@/socket/LineProvider";
import type { LineState } from "@/socket/line";
import { watchlistApi } from "./endpoints";

export const POLLING_MS = 1_500;
/** Of the channels that one socket may have some are for other things than prices. */
export const MOST_FOLLOWED = MOST_CHANNELS - 10;

export interface Supply {
  line: LineState;
  /** What the last question for prices came to. */
  problem: QueryError | undefined;
}

export function useListPrices(instruments: readonly string[]): Supply {
  const line = useAppSelector((state) => state.interface.line);
  useFollow(useMemo(() => channelsOf(instruments), [instruments]));
  const query = watchlistApi.useCurrentPricesQuery(instruments.length > 0 ? instruments : skipToken, {
    pollingInterval: isAway(line) || instruments.length > MOST_FOLLOWED ? POLLING_MS : 0,
    refetchOnMountOrArgChange: true,
    selectFromResult: ({ error, isFetching }) => ({ error, isFetching }),
  });
  useTryAgain(query);
  return { line, problem: query.error };
}

export function channelsOf(instruments: readonly string[]): string[] {
  return ["status", ...instruments.slice(0, MOST_FOLLOWED).map((instrument) => `quote.${instrument}`)];
}
