/** Where a screener looks, at which candles and how often. */

import { Field } from "@/parts/Field";
import type { ScreenerLine } from "@/watchlist/endpoints";
import { ADJUSTMENTS, type Adjustment } from "./definition";
import { Group, type Part } from "./Group";

const TIMEFRAMES = ["1d", "4h", "1h", "30m", "15m", "5m", "1m"];
const KINDS = ["equity", "index", "future", "option"];

export function UniverseFields({ draft, set, field, lines }: Part & { lines: readonly ScreenerLine[] }) {
  const lists = lines.filter((one) => !one.is_own);
  return (
    <Group legend="Where to look (each that is given leaves fewer)" problem={field("definition.universe")}>
      <Field label="Exchange" problem={field("definition.universe.exchange")}>
        {(more) => (
          <input
            {...more}
            value={draft.exchange}
            size={8}
            onChange={(event) => set({ exchange: event.target.value })}
          />
        )}
      </Field>
      <Field label="Kind" problem={field("definition.universe.kind")}>
        {(more) => (
          <select {...more} value={draft.kind} onChange={(event) => set({ kind: event.target.value })}>
            <option value="">usual</option>
            {KINDS.map((kind) => (
              <option key={kind}>{kind}</option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Sector" problem={field("definition.universe.sector")}>
        {(more) => (
          <input {...more} value={draft.sector} size={12} onChange={(event) => set({ sector: event.target.value })} />
        )}
      </Field>
      <Field label="List" problem={field("definition.universe.list")}>
        {(more) => (
          <select {...more} value={draft.list} onChange={(event) => set({ list: event.target.value })}>
            <option value="">none</option>
            {lists.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Instruments, separated by commas" problem={field("definition.universe.instruments")}>
        {(more) => (
          <input
            {...more}
            value={draft.instruments}
            size={36}
            spellCheck={false}
            placeholder="NSE:RELIANCE, NSE:TCS"
            onChange={(event) => set({ instruments: event.target.value })}
          />
        )}
      </Field>
      <Field label="Candles" problem={field("definition.timeframe")}>
        {(more) => (
          <select {...more} value={draft.timeframe} onChange={(event) => set({ timeframe: event.target.value })}>
            {TIMEFRAMES.map((timeframe) => (
              <option key={timeframe}>{timeframe}</option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Adjusted for" problem={field("definition.adjustment")}>
        {(more) => (
          <select
            {...more}
            value={draft.adjustment}
            onChange={(event) => set({ adjustment: event.target.value as Adjustment })}
          >
            {Object.entries(ADJUSTMENTS).map(([adjustment, words]) => (
              <option key={adjustment} value={adjustment}>
                {words}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Run" problem={field("definition.schedule")}>
        {(more) => (
          <select
            {...more}
            value={draft.daily ? "daily" : ""}
            onChange={(event) => set({ daily: event.target.value === "daily" })}
          >
            <option value="">when I ask</option>
            <option value="daily">every trading day, too</option>
          </select>
        )}
      </Field>
    </Group>
  );
}
