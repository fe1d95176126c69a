import { skipToken } from "@reduxjs/toolkit/query";
import { useMemo } from "react";
import type { QueryError } from "@/api/problems";
import { useTryAgain } from "@/api/useTryAgain";
import { useAppSelector } from "@/app/store";
import { usePreferencesQuery } from "@/settings/endpoints";
import { watchlistApi } from "./endpoints";
import { type Choice, choices, listNamed } from "./lists";

const { useScreenersQuery, useWatchlistsQuery, useScreenerInstrumentsQuery } = watchlistApi;
const NOTHING: never[] = [];

export interface Lists {
  all: Choice[];
  /** Undefined while they are read, and when the preferred one is gone. */
  chosen: Choice | undefined;
  /** Undefined while they are read. */
  instruments: readonly string[] | undefined;
  isLoading: boolean;
  problem: QueryError | undefined;
}

/** All lists, and what is in the one the user has chosen. */
export function useLists(): Lists {
  const preferred = useAppSelector((state) => state.preferences.values.list);
  const preferences = usePreferencesQuery();
  const screeners = useScreenersQuery();
  const watchlists = useWatchlistsQuery();
  useTryAgain(screeners);
  useTryAgain(watchlists);
  const all = useMemo(
    () => choices(screeners.data ?? NOTHING, watchlists.data ?? NOTHING),
    [screeners.data, watchlists.data],
  );
  const chosen = all.find(({ key }) => key === preferred);
  const screened = useScreened(preferred, chosen);
  const isLoading = preferences.isLoading || screeners.isLoading || watchlists.isLoading;
  return {
    all,
    chosen: isLoading ? undefined : chosen,
    instruments: chosen?.own?.instruments ?? screened.currentData,
    isLoading,
    problem: screeners.error ?? watchlists.error ?? screened.error,
  };
}

function useScreened(preferred: string, chosen: Choice | undefined) {
  const name = listNamed(preferred);
  const isScreener = chosen !== undefined && name?.kind === "screener";
  const screened = useScreenerInstrumentsQuery(isScreener ? name.id : skipToken);
  useTryAgain(screened);
  return screened;
}
