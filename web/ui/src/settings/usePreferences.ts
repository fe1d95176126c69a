import { useEffect, useRef } from "react";
import { useAppDispatch, useAppSelector } from "@/app/store";
import { useKeepPreferencesMutation, usePreferencesQuery } from "./endpoints";
import { DEFAULTS, loaded } from "./preferences";
import { showTheme } from "./theme";

const QUIET_MS = 800;

/** Reads the user's preferences once, and keeps what changes a moment after it has changed. */
export function usePreferences(): void {
  const dispatch = useAppDispatch();
  const { data } = usePreferencesQuery();
  const [keep] = useKeepPreferencesMutation();
  const { values, isLoaded } = useAppSelector((state) => state.preferences);
  const kept = useRef(values);

  useEffect(() => {
    if (data !== undefined) {
      kept.current = { ...DEFAULTS, ...data };
      dispatch(loaded(data));
    }
  }, [data, dispatch]);

  useEffect(() => showTheme(values.theme), [values.theme]);

  useEffect(() => {
    if (!isLoaded || JSON.stringify(kept.current) === JSON.stringify(values)) {
      return undefined;
    }
    const timer = setTimeout(() => {
      kept.current = values;
      void keep(values);
    }, QUIET_MS);
    return () => clearTimeout(timer);
  }, [values, isLoaded, keep]);
}
