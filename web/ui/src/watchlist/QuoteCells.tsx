/** What moves in a row. Each part follows its own instrument, so that a tick draws one row's cells and no others. */

import { memo } from "react";
import { change, percentChange, price, short, wayOf } from "@/formats/numbers";
import { type Table, useEntry } from "@/market/useEntry";
import { useQuote, useQuoteAge } from "@/market/useQuote";
import type { StatusTold } from "@/socket/messages";
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
        {price(quote?.ltp)}
      </td>
      <td className={way} data-field="change">
        {change(ltp, previous_close)}
      </td>
      <td className={way} data-field="percent">
        {percentChange(ltp, previous_close)}
      </td>
      <td data-field="low">{price(quote?.low)}</td>
      <td data-field="high">{price(quote?.high)}</td>
      <td data-field="volume">{short(quote?.volume)}</td>
    </>
  );
});

export const AgeCell = memo(function AgeCell({ instrument }: { instrument: string }) {
  return <td data-field="age">{useQuoteAge(instrument)}</td>;
});

const statuses: Table<StatusTold> = (state) => state.statuses.instruments;
const refusals: Table<string> = (state) => state.statuses.refused;

export const StatusCell = memo(function StatusCell({ instrument }: { instrument: string }) {
  const told = useEntry(statuses, instrument);
  const refusal = useEntry(refusals, `quote.${instrument}`);
  const words = statusWords(told, refusal, useQuoteAge(instrument) !== "");
  return (
    <td className={styles.status} data-field="status" data-trouble={told?.status !== "live"} title={words}>
      {words}
    </td>
  );
});
