import { whole } from "@/formats/numbers";
import type { DayReport } from "./endpoints";
import styles from "./Report.module.css";

/** What is told of the whole day in single figures. */
export function Figures({ report }: { report: DayReport }) {
  const { breadth, instruments, official, minutes, minutes_expected, delivery_reported } = report;
  const share = minutes_expected === 0 ? null : (100 * minutes) / minutes_expected;
  const told = [
    { title: "Instruments", value: whole(instruments), words: `${whole(official)} with the exchange's own bar` },
    { title: "Rises for each fall", value: fixed(breadth.ratio), words: "" },
    {
      title: "New highs and lows",
      value: `${whole(breadth.new_highs)} / ${whole(breadth.new_lows)}`,
      words: `of a year, of ${whole(breadth.counted_highs)} that are held for one`,
    },
    { title: "Volatility", value: percent(report.volatility), words: "a year, the middle one of all" },
    ...(report.kind === "equity"
      ? [
          {
            title: "Delivery",
            value: delivery_reported === 0 ? "–" : whole(delivery_reported),
            words: delivery_reported === 0 ? "not reported yet" : "instruments of which it is known",
          },
        ]
      : []),
    { title: "Minutes traded", value: percent(share), words: "of those in the sessions" },
  ];
  return (
    <dl className={styles.figures}>
      {told.map(({ title, value, words }) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>{value}</dd>
          {words && <dd className="quiet">{words}</dd>}
        </div>
      ))}
    </dl>
  );
}

function fixed(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}

function percent(value: number | null): string {
  return value === null ? "–" : `${value.toFixed(1)}%`;
}
