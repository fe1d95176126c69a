/** What moves in a row. Each part follows its own instrument, so that a tick draws one row's cells and no others. */

import { memo } from "react";
import { useAppSelector } from "@/app/store";
import { change, percentChange, price, short } from "@/formats/numbers";
import { useQuote, useQuoteAge } from "@/market/useQuote";
import styles from "./Prices.module.css";
import { useFlash } from "./useFlash";
import { statusWords } from "./words";

export const QuoteCells = memo(function QuoteCells({ instrument }: { instrument: string }) {
  const quote = useQuote(instrument);
  const last = useFlash(quote);
  const { ltp, previous_close } = quote ?? { ltp: Number.NaN };
  const way = wayOf(ltp, previous_close);
  return (
    <>
      <td ref={last} className={styles.last} data-instrument={instrument} data-field="ltp">
        <div className={styles.box}>{price(quote?.ltp)}</div>
      </td>
      <td className={way} data-field="change">
        <div className={styles.box}>{change(ltp, previous_close)}</div>
      </td>
      <td className={way} data-field="percent">
        <div className={styles.box}>{percentChange(ltp, previous_close)}</div>
      </td>
      <td data-field="low">
        <div className={styles.box}>{price(quote?.low)}</div>
      </td>
      <td data-field="high">
        <div className={styles.box}>{price(quote?.high)}</div>
      </td>
      <td data-field="volume">
        <div className={styles.box}>{short(quote?.volume)}</div>
      </td>
    </>
  );
});

export const AgeCell = memo(function AgeCell({ instrument }: { instrument: string }) {
  return (
    <td data-field="age">
      <div className={styles.box}>{useQuoteAge(instrument)}</div>
    </td>
  );
});

export const StatusCell = memo(function StatusCell({ instrument }: { instrument: string }) {
  const told = useAppSelector((state) => state.statuses.instruments[instrument]);
  const refusal = useAppSelector((state) => state.statuses.refused[`quote.${instrument}`]);
  const isPriced = useAppSelector((state) => state.quotes[instrument] !== undefined);
  const words = statusWords(told, refusal, isPriced);
  return (
    <td className={styles.status} data-field="status" title={words}>
      {words}
    </td>
  );
});

function wayOf(now: number, before: number | null | undefined): "up" | "down" | undefined {
  if (!before || now === before) {
    return undefined;
  }
  return now > before ? "up" : "down";
}
