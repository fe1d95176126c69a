/** What one may choose of a chart: timeframe, prices and range, how candles are drawn, and what is beside them. */

import { useState } from "react";
import { useAppDispatch, useAppSelector } from "@/app/store";
import { preferred } from "@/settings/preferences";
import { ADJUSTMENTS, adjustmentOf } from "./adjustment";
import { isLimit } from "./display";
import type { Range } from "./endpoints";
import styles from "./Tools.module.css";
import { TIMEFRAMES } from "./timeframes";
import type { Choices } from "./useChoices";

interface ToolsProps {
  timeframe: string;
  choices: Choices;
  isTable: boolean;
  onChoose(wanted: Partial<Choices>): void;
  onTable(isTable: boolean): void;
}

const RANGES: readonly (readonly [Range, string])[] = [
  ["live", "Live"],
  ["year", "1 year"],
];

export function Tools({ timeframe, choices, isTable, onChoose, onTable }: ToolsProps) {
  const dispatch = useAppDispatch();
  return (
    <div className={styles.tools}>
      <fieldset className={styles.group}>
        <legend className="unseen">Timeframe</legend>
        {TIMEFRAMES.map(({ name, words }) => (
          <button
            key={name}
            type="button"
            title={words}
            aria-pressed={name === timeframe}
            onClick={() => dispatch(preferred({ timeframe: name }))}
          >
            {name}
          </button>
        ))}
      </fieldset>
      <label className={styles.prices}>
        Prices
        <select
          value={choices.adjustment}
          onChange={({ target }) => onChoose({ adjustment: adjustmentOf(target.value) })}
        >
          {Object.entries(ADJUSTMENTS).map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <fieldset className={styles.group}>
        <legend className="unseen">Range</legend>
        {RANGES.map(([name, words]) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === choices.range}
            onClick={() => onChoose({ range: name })}
          >
            {words}
          </button>
        ))}
      </fieldset>
      <button type="button" aria-pressed={isTable} onClick={() => onTable(!isTable)}>
        Show as table
      </button>
      <button type="button" aria-pressed={choices.depth} onClick={() => onChoose({ depth: !choices.depth })}>
        Depth
      </button>
      <DisplayOptions />
    </div>
  );
}

function DisplayOptions() {
  const dispatch = useAppDispatch();
  const { continuous, wick } = useAppSelector((state) => state.preferences.values);
  const [written, setWritten] = useState<string | null>(null);
  const isWrong = written !== null && !isLimit(written);
  return (
    <fieldset className={styles.display}>
      <legend>Display only</legend>
      <label>
        <input
          type="checkbox"
          checked={continuous}
          onChange={(event) => dispatch(preferred({ continuous: event.target.checked }))}
        />
        Continuous opens
      </label>
      <label>
        Wicks at most
        <input
          className={styles.wick}
          value={written ?? wick}
          placeholder="as they are"
          aria-invalid={isWrong}
          aria-describedby="wick-words"
          onChange={(event) => {
            const limit = event.target.value.trim();
            setWritten(limit);
            if (isLimit(limit)) {
              dispatch(preferred({ wick: limit }));
            }
          }}
          onBlur={() => setWritten(null)}
        />
      </label>
      <span id="wick-words" className={isWrong ? "down" : "unseen"}>
        Write 0.5% or 10 points, or nothing.
      </span>
    </fieldset>
  );
}
