import { useMemo } from "react";
import { hopeWords } from "@/api/problems";
import { useTryAgain } from "@/api/useTryAgain";
import { useAppSelector } from "@/app/store";
import { type Instrument, type InstrumentFilter, useInstrumentsQuery } from "@/market/instruments";
import { atTheMoney, expiries, frontFuture, rowsOf, type StrikeRow, spotOf } from "./matrix";

export interface ChainView {
  /** What is going on while there is nothing to show; empty when there is. */
  words: string;
  expiries: string[];
  expiry: string;
  rows: StrikeRow[];
  atTheMoney: number;
  /** Null: there is none; undefined: nobody has told yet. */
  spot: Instrument | null | undefined;
  future: Instrument | null | undefined;
  volatility: Instrument | null | undefined;
}

const NONE: Instrument[] = [];

/** All that the page of an underlying shows but the prices. */
export function useChain(underlying: string, wantedExpiry: string, today: string): ChainView {
  const symbol = underlying.slice(underlying.indexOf(":") + 1);
  const options = useAll({ kind: "option", underlying: symbol });
  const futures = useAll({ kind: "future", underlying: symbol }).data;
  const indices = useAll({ kind: "index", q: symbol }).data;
  const equities = useAll({ kind: "equity", q: symbol }).data;
  const volatilities = useAll({ kind: "index", q: "VIX" }).data;

  const contracts = options.data ?? NONE;
  const days = useMemo(() => expiries(contracts).filter((day) => day >= today), [contracts, today]);
  const expiry = days.includes(wantedExpiry) ? wantedExpiry : (days[0] ?? "");
  const rows = useMemo(() => rowsOf(contracts, expiry), [contracts, expiry]);
  const spot = useMemo(
    () => indices && equities && spotOf([...indices, ...equities], symbol),
    [indices, equities, symbol],
  );
  const future = useMemo(() => futures && frontFuture(futures, today), [futures, today]);
  const price = useAppSelector(({ quotes }) => quotes[(spot ?? future)?.instrument ?? ""]?.ltp ?? null);

  return {
    words: wordsOf(symbol, options.isLoading, options.error && hopeWords(options.error), rows.length),
    expiries: days,
    expiry,
    rows,
    atTheMoney: atTheMoney(rows, price),
    spot,
    future,
    volatility: volatilities && (volatilities[0] ?? null),
  };
}

function useAll(filter: InstrumentFilter) {
  const query = useInstrumentsQuery(filter);
  useTryAgain(query);
  return query;
}

function wordsOf(symbol: string, isLoading: boolean, problem: string | undefined, count: number): string {
  if (problem !== undefined && count === 0) {
    return problem;
  }
  if (isLoading) {
    return `Reading the contracts of ${symbol}…`;
  }
  return count === 0 ? `No options of ${symbol} are listed here, or all of them have ended.` : "";
}
