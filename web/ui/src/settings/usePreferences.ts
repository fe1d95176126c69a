import { useEffect, useState } from "react";
import { isPassing } from "@/api/problems";
import { useTryAgain } from "@/api/useTryAgain";
import { useAppDispatch, useAppSelector } from "@/app/store";
import { useKeepPreferencesMutation, usePreferencesQuery } from "./endpoints";
import { DEFAULTS, loaded, type Preferences } from "./preferences";
import { showTheme } from "./theme";

const QUIET_MS = 800;
const AGAIN_MS = 5_000;

/** Reads the user's preferences once, and keeps what changes a moment after it has changed. */
export function usePreferences(): void {
  const kept = useLoaded();
  useTheme();
  useKeeping(kept);
}

/** What the server had; null until it has told. */
function useLoaded(): Preferences | null {
  const dispatch = useAppDispatch();
  const query = usePreferencesQuery();
  const isLoaded = useAppSelector((state) => state.preferences.isLoaded);
  const [kept, setKept] = useState<Preferences | null>(null);
  const { data } = query;
  useTryAgain(query);
  useEffect(() => {
    if (data !== undefined && !isLoaded) {
      setKept({ ...DEFAULTS, ...data });
      dispatch(loaded(data));
    }
  }, [data, isLoaded, dispatch]);
  return kept;
}

/** As it is preferred; until that is known as this browser had it last. */
function useTheme(): void {
  const theme = useAppSelector(({ preferences: { isLoaded, values, early } }) =>
    isLoaded ? values.theme : early.theme,
  );
  useEffect(() => {
    if (theme !== undefined) {
      showTheme(theme);
    }
  }, [theme]);
}

/** One change after the other, the newest values each time; while the server is away again and again. */
function useKeeping(before: Preferences | null): void {
  const { values, isLoaded } = useAppSelector((state) => state.preferences);
  const [kept, setKept] = useState<Preferences | null>(null);
  const [keep, { isLoading, error, originalArgs }] = useKeepPreferencesMutation();
  const isKept = isSame(values, kept ?? before);
  const isRefused = error !== undefined && !isPassing(error) && originalArgs === values;
  const pause = error === undefined ? QUIET_MS : AGAIN_MS;
  useEffect(() => {
    if (!isLoaded || isLoading || isKept || isRefused) {
      return undefined;
    }
    const timer = setTimeout(async () => {
      if ((await keep(values)).error === undefined) {
        setKept(values);
      }
    }, pause);
    return () => clearTimeout(timer);
  }, [values, isLoaded, isLoading, isKept, isRefused, pause, keep]);
}

function isSame(one: Preferences, other: Preferences | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
