/** How the figures of a chain went through days; each of their minutes can be looked at as a chain. */

import { useState } from "react";
import { hopeWords } from "@/api/problems";
import { useTryAgain } from "@/api/useTryAgain";
import { price } from "@/formats/numbers";
import { moment } from "@/formats/times";
import { Choice } from "@/parts/Choice";
import { Waiting } from "@/parts/Waiting";
import { Plot } from "@/plots/Plot";
import { bands, placeIn } from "@/plots/scale";
import type { Series } from "@/plots/series";
import styles from "./Charts.module.css";
import { type ChainHistory, useChainHistoryQuery } from "./endpoints";
import type { Summary } from "./snapshot";
import { lackWords } from "./words";

interface HistoryProps {
  underlying: string;
  expiry: string;
  /** An ISO time. */
  onChoose(at: string): void;
}

/** Snapshots are kept by the minute. */
const LOOK_MS = 60_000;
type Figure = Exclude<keyof Summary, "as_of" | "reasons">;

const LENGTHS = { day: 1, week: 7, month: 31 };

export function HistoryCharts({ underlying, expiry, onChoose }: HistoryProps) {
  const [date, setDate] = useState("");
  const [length, setLength] = useState<keyof typeof LENGTHS>("day");
  const query = useChainHistoryQuery({ underlying, expiry, date, days: LENGTHS[length] }, { pollingInterval: LOOK_MS });
  useTryAgain(query);
  const history = query.currentData;
  return (
    <>
      <div className={styles.tools}>
        <Choice
          label="How long"
          chosen={length}
          choices={{ day: "A day", week: "A week", month: "A month" }}
          onChoose={setLength}
        />
        <label>
          until{" "}
          <input
            type="date"
            value={date || (history?.end_date ?? "")}
            onChange={(event) => setDate(event.target.value)}
          />
        </label>
      </div>
      {history === undefined ? (
        <Waiting words={query.error ? hopeWords(query.error) : "Reading how it went…"} />
      ) : (
        <Minutes history={history} onChoose={onChoose} />
      )}
    </>
  );
}

/** By the clock where it is one day; several are put side by side, without the nights between them. */
function placesOf({ start_date, end_date, items }: ChainHistory): number[] {
  const [first, last] = [items[0]?.as_of ?? 0, items.at(-1)?.as_of ?? 0];
  const range = { low: first, high: Math.max(last, first + 1) };
  return start_date === end_date ? items.map(({ as_of }) => placeIn(range, as_of)) : bands(items.length);
}

function Minutes({ history, onChoose }: { history: ChainHistory } & Pick<HistoryProps, "onChoose">) {
  const [looked, setLooked] = useState<number | null>(null);
  const { start_date, end_date, items, timezone } = history;
  const last = items.at(-1);
  if (last === undefined) {
    return (
      <p>No snapshot of this chain was kept until {end_date}: there is one for each minute in which it was followed.</p>
    );
  }
  const found = items.findIndex(({ as_of }) => as_of === looked);
  const cursor = found < 0 ? items.length - 1 : found;
  const isDay = start_date === end_date;
  const when = (index: number) => moment((items[index] ?? last).as_of, timezone).slice(isDay ? 11 : 5, 16);
  const axis = {
    kind: "lines" as const,
    places: placesOf(history),
    cursor,
    onCursor: (index: number) => setLooked(items[index]?.as_of ?? null),
    nameOf: when,
    labelOf: (index: number) => (isDay ? when(index) : when(index).slice(0, 5)),
  };
  const line = (name: string, tone: Series["tone"], figure: Figure): Series => ({
    name,
    tone,
    values: items.map((one) => one[figure]),
    notes: items.map((one) => lackWords(one, figure)),
  });
  return (
    <>
      <p className={styles.tools}>
        <button type="button" onClick={() => onChoose(new Date((items[cursor] ?? last).as_of).toISOString())}>
          Show the chain at {when(cursor)}
        </button>
      </p>
      <div className={styles.charts}>
        <Plot
          title="Straddle at the money"
          series={[line("Straddle", "plain", "straddle")]}
          format={(value) => price(value)}
          {...axis}
        />
        <Plot
          title="Implied volatility, % a year"
          series={[line("At the money", "plain", "atm_iv"), line("VIX", "put", "vix")]}
          format={(value) => price(value, 2)}
          {...axis}
        />
        <Plot
          title="Puts by calls"
          series={[line("Open interest", "plain", "pcr_oi"), line("Volume", "put", "pcr_volume")]}
          format={(value) => price(value, 2)}
          {...axis}
        />
        <Plot
          title="Spot and max pain"
          series={[line("Spot", "plain", "spot"), line("Max pain", "call", "max_pain")]}
          format={(value) => price(value)}
          {...axis}
        />
      </div>
    </>
  );
}
