/** The numbers of the candle under the crosshair, or of the newest; as they were traded, however they are drawn. */

import { change, percentChange, price, whole } from "@/formats/numbers";
import { placeOf, type Series } from "@/market/series";
import type { Clock } from "./clock";
import styles from "./Legend.module.css";
import { DAY_MS } from "./timeframes";
import { stateWords } from "./words";

interface LegendProps {
  series: Series;
  pointed: number | null;
  clock: Clock;
  decimals: number;
  lengthMs: number;
}

export function Legend({ series, pointed, clock, decimals, lengthMs }: LegendProps) {
  const place = pointed === null ? series.length - 1 : placeOf(series, pointed);
  const candle = series[place] ?? series.at(-1);
  if (candle === undefined) {
    return <p className={styles.legend} />;
  }
  const before = series[place - 1]?.close;
  const direction = before === undefined || candle.close === before ? "" : candle.close > before ? "up" : "down";
  const prices = [
    ["Open", candle.open],
    ["High", candle.high],
    ["Low", candle.low],
    ["Close", candle.close],
  ] as const;
  return (
    <dl className={styles.legend} aria-label="Candle">
      <div className={styles.time}>
        <dt className="unseen">Time</dt>
        <dd>{lengthMs >= DAY_MS ? clock.date(candle.time) : clock.moment(candle.time)}</dd>
      </div>
      {prices.map(([name, value]) => (
        <div key={name}>
          <dt title={name}>
            <span aria-hidden="true">{name.charAt(0)}</span>
            <span className="unseen">{name}</span>
          </dt>
          <dd className="number">{price(value, decimals)}</dd>
        </div>
      ))}
      <div className={styles.change}>
        <dt className="unseen">Change from the candle before</dt>
        <dd className={`number ${direction}`}>
          {change(candle.close, before)} ({percentChange(candle.close, before)})
        </dd>
      </div>
      <div>
        <dt>Vol</dt>
        <dd className="number">{whole(candle.volume)}</dd>
      </div>
      <div>
        <dt className="unseen">State</dt>
        <dd className="quiet">
          {stateWords(candle)}, from {candle.source}
        </dd>
      </div>
    </dl>
  );
}
