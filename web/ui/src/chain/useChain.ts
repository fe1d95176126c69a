import { useMemo } from "react";
import { useAppSelector } from "@/app/store";
import { type Instrument, useInstrumentsQuery } from "@/market/instruments";
import { problemWords } from "@/operations/words";
import { atTheMoney, expiries, frontFuture, rowsOf, type StrikeRow, spotOf } from "./matrix";

export interface ChainView {
  /** What is going on while there is nothing to show; empty when there is. */
  words: string;
  expiries: string[];
  expiry: string;
  rows: StrikeRow[];
  atTheMoney: number;
  spot: Instrument | null;
  future: Instrument | null;
  volatility: Instrument | null;
}

const NONE: Instrument[] = [];

/** All that the page of an underlying shows but the prices. */
export function useChain(underlying: string, wantedExpiry: string, today: string): ChainView {
  const symbol = underlying.slice(underlying.indexOf(":") + 1);
  const options = useInstrumentsQuery({ kind: "option", underlying: symbol });
  const { data: futures = NONE } = useInstrumentsQuery({ kind: "future", underlying: symbol });
  const { data: named = NONE } = useInstrumentsQuery({ q: symbol });
  const { data: volatilities = NONE } = useInstrumentsQuery({ q: "VIX", kind: "index" });

  const contracts = options.data ?? NONE;
  const days = useMemo(() => expiries(contracts).filter((day) => day >= today), [contracts, today]);
  const expiry = days.includes(wantedExpiry) ? wantedExpiry : (days[0] ?? "");
  const rows = useMemo(() => rowsOf(contracts, expiry), [contracts, expiry]);
  const spot = useMemo(() => spotOf(named, symbol), [named, symbol]);
  const future = useMemo(() => frontFuture(futures, today), [futures, today]);
  const price = useAppSelector(({ quotes }) => quotes[(spot ?? future)?.instrument ?? ""]?.ltp ?? null);

  return {
    words: wordsOf(symbol, options.isLoading, options.error && problemWords(options.error), rows.length),
    expiries: days,
    expiry,
    rows,
    atTheMoney: atTheMoney(rows, price),
    spot,
    future,
    volatility: volatilities[0] ?? null,
  };
}

function wordsOf(symbol: string, isLoading: boolean, problem: string | undefined, count: number): string {
  if (isLoading) {
    return `Reading the contracts of ${symbol}…`;
  }
  if (problem !== undefined) {
    return problem;
  }
  return count === 0 ? `No options of ${symbol} are listed here, or all of them have ended.` : "";
}
