/** The newest candles as a table: for who does not see the picture, and for who wants the numbers. */

import { price, whole } from "@/formats/numbers";
import type { Series } from "@/market/series";
import styles from "./CandleTable.module.css";
import type { Clock } from "./clock";
import { DAY_MS } from "./timeframes";
import { stateWords } from "./words";

export const TABLE_ROWS = 100;

interface TableProps {
  label: string;
  series: Series;
  clock: Clock;
  decimals: number;
  lengthMs: number;
}

export function CandleTable({ label, series, clock, decimals, lengthMs }: TableProps) {
  const rows = series.slice(-TABLE_ROWS).reverse();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with keys.
    <section className={styles.scroll} aria-label={label} tabIndex={0}>
      <table>
        <caption className="unseen">
          {label}, the newest {rows.length} first
        </caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {["Open", "High", "Low", "Close", "Volume"].map((name) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
            <th scope="col">State</th>
            <th scope="col">Source</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((candle) => (
            <tr key={candle.time} data-time={candle.time} data-state={candle.state}>
              <th scope="row">{lengthMs >= DAY_MS ? clock.date(candle.time) : clock.moment(candle.time)}</th>
              {[candle.open, candle.high, candle.low, candle.close].map((value, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the columns are always the same four.
                <td key={column} className="number">
                  {price(value, decimals)}
                </td>
              ))}
              <td className="number">{whole(candle.volume)}</td>
              <td>{stateWords(candle)}</td>
              <td>{candle.source}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
