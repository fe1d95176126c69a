/** A picture of values over places that are the same for all of them: bars, or lines.
 *
 * One place is looked at: the pointer, a finger or the arrow keys choose it, and the words above tell its values, also to
 * screen readers. The picture is drawn in fractions and stretched, so that it fits any width without being measured.
 */

import { type CSSProperties, type PointerEvent, useId } from "react";
import { price } from "@/formats/numbers";
import { Bars } from "./Bars";
import { Lines } from "./Lines";
import styles from "./Plot.module.css";
import { decimalsOf, labelled, nearest, placeIn, type Range, rangeOf, roundValues, type Value } from "./scale";
import type { Mark, Series } from "./series";

interface PlotProps {
  title: string;
  kind: "bars" | "lines";
  /** Where each value stands, rising, as a fraction of the width. */
  places: readonly number[];
  series: readonly Series[];
  marks?: readonly Mark[];
  /** The index that is looked at. */
  cursor: number;
  onCursor(index: number): void;
  /** What stands at an index: `25,900`, `10:35`. */
  nameOf(index: number): string;
  /** What stands below it, where that is shorter. */
  labelOf?(index: number): string;
  format(value: Value): string;
  /** For the labels at the side; else they are numbers with as many decimals as they need. */
  formatSide?(value: number): string;
}

const SIDE_LABELS = 5;
const LABELS = 6;

export function Plot(plot: PlotProps) {
  const { title, places, series, cursor, nameOf, format } = plot;
  const identity = useId();
  const isEmpty = places.length === 0;
  return (
    <figure className={styles.plot}>
      <figcaption>
        <h2 id={identity}>{title}</h2>
        <Values series={series} cursor={cursor} name={isEmpty ? "" : nameOf(cursor)} format={format} />
      </figcaption>
      {isEmpty ? <p className="quiet">Nothing is known of it yet.</p> : <Area plot={plot} titleId={identity} />}
    </figure>
  );
}

/** The picture between its labels. */
function Area({ plot, titleId }: { plot: PlotProps; titleId: string }) {
  const { kind, places, series, nameOf, labelOf = nameOf } = plot;
  const range = rangeOf(
    series.flatMap(({ values }) => values),
    kind === "bars",
  );
  const rules = roundValues(range, SIDE_LABELS);
  const decimals = decimalsOf(rules);
  const formatSide = plot.formatSide ?? ((value: number) => price(value, decimals));
  return (
    <div className={styles.area}>
      <div className={styles.side} aria-hidden="true">
        {rules.map((value) => (
          <span key={value} style={{ bottom: percent(placeIn(range, value)) }}>
            {formatSide(value)}
          </span>
        ))}
      </div>
      <Picture plot={plot} titleId={titleId} range={range} rules={rules} />
      <div className={styles.foot} aria-hidden="true">
        {labelled(places, LABELS).map((index) => (
          <span key={index} style={{ left: percent(places[index] as number) }}>
            {labelOf(index)}
          </span>
        ))}
      </div>
    </div>
  );
}

interface PictureProps {
  plot: PlotProps;
  titleId: string;
  range: Range;
  /** Values that a line across is drawn at. */
  rules: readonly number[];
}

function Picture({ plot, titleId, range, rules }: PictureProps) {
  const { kind, places, series, marks = [], cursor, onCursor, nameOf, format } = plot;
  const Drawn = kind === "bars" ? Bars : Lines;

  function onPointer({ currentTarget, clientX }: PointerEvent) {
    const { left, width } = currentTarget.getBoundingClientRect();
    onCursor(nearest(places, (clientX - left) / width));
  }

  return (
    <div className={styles.picture} onPointerMove={onPointer} onPointerDown={onPointer}>
      <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
        {rules.map((value) => (
          <path key={value} className={styles.rule} d={`M0 ${1 - placeIn(range, value)}h1`} />
        ))}
        <Drawn places={places} series={series} range={range} />
      </svg>
      <Marks marks={marks} />
      <span className={styles.cursor} style={{ left: percent(places[cursor] ?? 0) }} aria-hidden="true" />
      <input
        type="range"
        min={0}
        max={places.length - 1}
        value={cursor}
        aria-labelledby={titleId}
        aria-valuetext={valuesText(series, cursor, nameOf, format)}
        onChange={(event) => onCursor(event.target.valueAsNumber)}
      />
    </div>
  );
}

interface ValuesProps extends Pick<PlotProps, "series" | "cursor" | "format"> {
  name: string;
}

/** The key and the values at the cursor in one. */
function Values({ series, cursor, name, format }: ValuesProps) {
  return (
    <p className={styles.values} aria-hidden="true">
      {name !== "" && <strong>{name}</strong>}
      {series.map((one) => (
        <span key={one.name} data-tone={one.tone} title={one.notes?.[cursor] || undefined}>
          <i className={styles.swatch} />
          {one.name} {format(one.values[cursor] ?? null)}
        </span>
      ))}
    </p>
  );
}

function Marks({ marks }: { marks: readonly Mark[] }) {
  return marks.map(({ name, place }, row) =>
    place === null ? null : (
      <span
        key={name}
        className={styles.mark}
        data-side={place > 0.5 ? "left" : "right"}
        style={{ left: percent(place), "--row": row } as CSSProperties}
      >
        <span>{name}</span>
      </span>
    ),
  );
}

function valuesText(
  series: readonly Series[],
  cursor: number,
  nameOf: PlotProps["nameOf"],
  format: PlotProps["format"],
): string {
  const values = series.map(({ name, values, notes }) =>
    [`${name} ${format(values[cursor] ?? null)}`, notes?.[cursor]].filter(Boolean).join(" "),
  );
  return `${nameOf(cursor)}: ${values.join(", ")}`;
}

function percent(fraction: number): string {
  return `${fraction * 100}%`;
}
