import styles from "./Plot.module.css";
import { placeIn, type Range } from "./scale";
import type { Series } from "./series";

interface LinesProps {
  places: readonly number[];
  series: readonly Series[];
  range: Range;
}

/** A line for each series, broken where a value is not known. */
export function Lines({ places, series, range }: LinesProps) {
  return series.map(({ name, tone, values }) => (
    <path
      key={name}
      className={styles.line}
      data-tone={tone}
      d={values
        .map((value, index) => {
          if (value === null) {
            return "";
          }
          // A line of no length is a dot: a value that stands alone is to be seen.
          const begins = (values[index - 1] ?? null) === null;
          return `${begins ? "M" : "L"}${places[index]} ${1 - placeIn(range, value)}${begins ? "h0" : ""}`;
        })
        .join("")}
    />
  ));
}
