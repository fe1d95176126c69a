import { useEffect, useState } from "react";
import type { QueryError } from "@/api/problems";
import { type InstrumentFound, useFindInstrumentsQuery } from "@/market/symbols";

const QUIET_MS = 150;
const MOST = 12;
const NOTHING: InstrumentFound[] = [];

export interface Finding {
  found: readonly InstrumentFound[];
  /** Whether what was found is of the text as it stands now. */
  isSettled: boolean;
  problem: QueryError | undefined;
}

/** The instruments that some text may mean, asked for when nothing was typed for a moment. */
export function useFound(text: string): Finding {
  const wanted = text.trim();
  const asked = useSettled(wanted);
  const { currentData, error } = useFindInstrumentsQuery({ text: asked, limit: MOST }, { skip: asked === "" });
  return {
    found: wanted === "" ? NOTHING : (currentData ?? NOTHING),
    isSettled: asked === wanted && (currentData !== undefined || error !== undefined),
    problem: error,
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
