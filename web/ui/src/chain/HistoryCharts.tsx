/** How the figures of a chain went through a day; each of its minutes can be looked at as a chain. */

import { useState } from "react";
import { hopeWords } from "@/api/problems";
import { useTryAgain } from "@/api/useTryAgain";
import { price } from "@/formats/numbers";
import { moment } from "@/formats/times";
import { Waiting } from "@/parts/Waiting";
import { Plot, type Series } from "@/plots/Plot";
import { placeIn, type Value } from "@/plots/scale";
import styles from "./Charts.module.css";
import { type Day, useChainDayQuery } from "./endpoints";
import type { Summary } from "./snapshot";

interface DayProps {
  underlying: string;
  expiry: string;
  /** An ISO time. */
  onChoose(at: string): void;
}

/** Snapshots are kept by the minute. */
const LOOK_MS = 60_000;

export function DayCharts({ underlying, expiry, onChoose }: DayProps) {
  const [date, setDate] = useState("");
  const query = useChainDayQuery({ underlying, expiry, date }, { pollingInterval: LOOK_MS });
  useTryAgain(query);
  const day = query.currentData;
  return (
    <>
      <label className={styles.tools}>
        Day
        <input type="date" value={date || (day?.end_date ?? "")} onChange={(event) => setDate(event.target.value)} />
      </label>
      {day === undefined ? (
        <Waiting words={query.error ? hopeWords(query.error) : "Reading the day…"} />
      ) : (
        <Minutes day={day} onChoose={onChoose} />
      )}
    </>
  );
}

function Minutes({ day: { end_date, items, timezone }, onChoose }: { day: Day } & Pick<DayProps, "onChoose">) {
  const [looked, setLooked] = useState<number | null>(null);
  const [first, last] = [items[0], items.at(-1)];
  if (first === undefined || last === undefined) {
    return (
      <p>No snapshot of this chain was kept on {end_date}: there is one for each minute in which it was followed.</p>
    );
  }
  const clock = (index: number) => moment((items[index] ?? last).as_of, timezone).slice(11, 16);
  const found = items.findIndex(({ as_of }) => as_of === looked);
  const cursor = found < 0 ? items.length - 1 : found;
  const range = { low: first.as_of, high: Math.max(last.as_of, first.as_of + 1) };
  const axis = {
    kind: "lines" as const,
    places: items.map(({ as_of }) => placeIn(range, as_of)),
    cursor,
    onCursor: (index: number) => setLooked(items[index]?.as_of ?? null),
    nameOf: clock,
  };
  const line = (name: string, tone: Series["tone"], value: (one: Summary) => Value): Series => ({
    name,
    tone,
    values: items.map(value),
  });
  return (
    <>
      <p className={styles.tools}>
        <button type="button" onClick={() => onChoose(new Date((items[cursor] ?? last).as_of).toISOString())}>
          Show the chain at {clock(cursor)}
        </button>
      </p>
      <div className={styles.charts}>
        <Plot
          title="Straddle at the money"
          series={[line("Straddle", "plain", ({ straddle }) => straddle)]}
          format={(value) => price(value)}
          {...axis}
        />
        <Plot
          title="Implied volatility, % a year"
          series={[line("At the money", "plain", ({ atm_iv }) => atm_iv), line("VIX", "put", ({ vix }) => vix)]}
          format={(value) => price(value, 2)}
          {...axis}
        />
        <Plot
          title="Puts by calls"
          series={[
            line("Open interest", "plain", ({ pcr_oi }) => pcr_oi),
            line("Volume", "put", ({ pcr_volume }) => pcr_volume),
          ]}
          format={(value) => price(value, 2)}
          {...axis}
        />
        <Plot
          title="Spot and max pain"
          series={[line("Spot", "plain", ({ spot }) => spot), line("Max pain", "call", ({ max_pain }) => max_pain)]}
          format={(value) => price(value)}
          {...axis}
        />
      </div>
    </>
  );
}
