/** Where the picture hangs: made anew for each chart, and told what is to be seen. */

import { type KeyboardEvent, useEffect, useRef } from "react";
import type { Series } from "@/market/series";
import type { Notes } from "./annotations";
import type { Clock } from "./clock";
import { useColours } from "./colours";
import type { Display } from "./display";
import styles from "./Plot.module.css";
import { Picture } from "./picture";

interface PlotProps {
  label: string;
  series: Series;
  display: Display;
  notes: Notes;
  lengthMs: number;
  decimals: number;
  clock: Clock;
  /** Whether all of it is to be seen at first; else the newest. */
  isWhole: boolean;
  onPoint(time: number | null): void;
}

const STEP = 10;
const CLOSER = 1.25;

export function Plot({ label, series, display, notes, lengthMs, decimals, clock, isWhole, onPoint }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const picture = useRef<Picture>(null);
  const colours = useColours();
  const hasCandles = series.length > 0;

  useEffect(() => {
    if (place.current === null) {
      return undefined;
    }
    const made = new Picture(place.current, lengthMs, decimals, clock);
    made.onPoint(onPoint);
    picture.current = made;
    return () => {
      picture.current = null;
      made.remove();
    };
  }, [lengthMs, decimals, clock, onPoint]);

  useEffect(() => picture.current?.paint(colours), [colours]);
  useEffect(() => picture.current?.show({ series, display, notes }), [series, display, notes]);
  useEffect(() => {
    if (hasCandles && isWhole) {
      picture.current?.showAll();
    }
  }, [hasCandles, isWhole]);

  function onKeyDown(event: KeyboardEvent) {
    const deed = picture.current && KEYS[event.key];
    if (deed) {
      event.preventDefault();
      deed(picture.current as Picture);
    }
  }

  return (
    <section
      className={styles.plot}
      aria-label={label}
      aria-describedby="plot-keys"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the picture is moved with keys; its numbers are in the table.
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div className={styles.canvas} ref={place} aria-hidden="true" />
      <p id="plot-keys" className="unseen">
        Arrow keys move the picture, plus and minus bring it closer and farther, End shows the newest candles, Home all.
        The same numbers are in the table.
      </p>
    </section>
  );
}

const KEYS: Record<string, (picture: Picture) => void> = {
  ArrowLeft: (picture) => picture.scroll(-STEP),
  ArrowRight: (picture) => picture.scroll(STEP),
  "+": (picture) => picture.zoom(CLOSER),
  "-": (picture) => picture.zoom(1 / CLOSER),
  Home: (picture) => picture.showAll(),
  End: (picture) => picture.showNewest(),
};
