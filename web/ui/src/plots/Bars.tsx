import styles from "./Plot.module.css";
import { placeIn, type Range } from "./scale";
import type { Series } from "./series";

/** Of each band so much is air. */
const AIR = 0.2;

interface BarsProps {
  places: readonly number[];
  series: readonly Series[];
  range: Range;
}

/** The bars of each place side by side, from zero up or down. */
export function Bars({ places, series, range }: BarsProps) {
  const width = (1 - AIR) / places.length / series.length;
  const zero = placeIn(range, 0);
  return series.map(({ name, tone, values }, row) => (
    <path
      key={name}
      className={styles.bars}
      data-tone={tone}
      d={values
        .map((value, index) => {
          const left = (places[index] as number) + (row - series.length / 2) * width;
          return value === null ? "" : `M${left} ${1 - zero}h${width}V${1 - placeIn(range, value)}h${-width}z`;
        })
        .join("")}
    />
  ));
}
