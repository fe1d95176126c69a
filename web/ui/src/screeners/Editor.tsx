/** The editor of a screener. What the server has against a part stands beside that part. */

import { type FormEvent, type ReactNode, useId, useState } from "react";
import { byPart, problemOf, problemWords, type QueryError } from "@/api/problems";
import { sentence } from "@/formats/sentences";
import { Field } from "@/parts/Field";
import type { ScreenerLine } from "@/watchlist/endpoints";
import { Conditions } from "./Conditions";
import { ADJUSTMENTS, type Adjustment } from "./definition";
import { type Draft, draftOf, writtenOf } from "./draft";
import { screenersApi, type Written } from "./endpoints";
import styles from "./ScreenersPage.module.css";

const TIMEFRAMES = ["1d", "4h", "1h", "30m", "15m", "5m", "1m"];
const KINDS = ["equity", "index", "future", "option"];

interface Props {
  /** Null: a new one. */
  id: string | null;
  before: Written;
  lines: readonly ScreenerLine[];
  onDone(saved: string | null): void;
}

export function Editor({ id, before, lines, onDone }: Props) {
  const [draft, setDraft] = useState(() => draftOf(before));
  const { save, isBusy, problems, words } = useSave(id, onDone);
  const indicators = useId();
  const set = (change: Partial<Draft>) => setDraft((was) => ({ ...was, ...change }));
  const field = (part: string) => problems.get(part);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    void save(draft);
  }

  return (
    <form
      className={styles.editor}
      onSubmit={onSubmit}
      aria-label={id === null ? "New screener" : "Screener"}
      onKeyDown={(event) => event.key === "Escape" && onDone(null)}
    >
      <Indicators id={indicators} />
      <Field label="Name" problem={field("name")}>
        {(more) => (
          <input
            {...more}
            value={draft.name}
            required
            maxLength={100}
            // biome-ignore lint/a11y/noAutofocus: who asked for the form wants to write.
            autoFocus
            onChange={(event) => set({ name: event.target.value })}
          />
        )}
      </Field>
      <Field label="Description" problem={field("description")}>
        {(more) => (
          <input
            {...more}
            value={draft.description}
            size={60}
            onChange={(event) => set({ description: event.target.value })}
          />
        )}
      </Field>
      <UniverseFields draft={draft} set={set} field={field} lines={lines} />
      <Conditions draft={draft} set={set} field={field} indicators={indicators} />
      <OrderFields draft={draft} set={set} field={field} indicators={indicators} />
      {words.length > 0 && (
        <div role="alert">
          <ul className={styles.problems}>
            {words.map((word) => (
              <li key={word}>{word}</li>
            ))}
          </ul>
        </div>
      )}
      <div className={styles.bar}>
        <button type="submit" data-kind="main" disabled={isBusy}>
          {isBusy ? "One moment…" : "Save"}
        </button>
        <button type="button" onClick={() => onDone(null)}>
          Cancel
        </button>
      </div>
    </form>
  );
}

/** Sends a draft; what comes back is sorted by the parts it is about. */
function useSave(id: string | null, onDone: (saved: string) => void) {
  const [add, adding] = screenersApi.useAddScreenerMutation();
  const [change, changing] = screenersApi.useChangeScreenerMutation();
  const [problems, setProblems] = useState(new Map<string, string>());
  const [words, setWords] = useState<string[]>([]);

  async function save(draft: Draft) {
    try {
      const written = writtenOf(draft);
      const saved = await (id === null ? add(written) : change({ id, written })).unwrap();
      onDone(saved.id);
    } catch (error) {
      if (error instanceof SyntaxError) {
        setWords([sentence(`the conditions are no JSON: ${error.message}`)]);
        return;
      }
      const { errors } = problemOf(error as QueryError);
      setProblems(byPart(errors));
      setWords(errors.length > 0 ? errors : [problemWords(error as QueryError)]);
    }
  }

  return { save, isBusy: adding.isLoading || changing.isLoading, problems, words };
}

export interface Part {
  draft: Draft;
  set(change: Partial<Draft>): void;
  /** What is wrong with a part of it. */
  field(part: string): string | undefined;
}

function UniverseFields({ draft, set, field, lines }: Part & { lines: readonly ScreenerLine[] }) {
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

function OrderFields({ draft, set, field, indicators }: Part & { indicators: string }) {
  return (
    <Group legend="How to show it" problem={field("definition.columns")}>
      <Field label="Sort by" problem={field("definition.sort.by")}>
        {(more) => (
          <input
            {...more}
            value={draft.sortBy}
            list={indicators}
            spellCheck={false}
            onChange={(event) => set({ sortBy: event.target.value })}
          />
        )}
      </Field>
      <Field label="Order">
        {(more) => (
          <select
            {...more}
            value={draft.descending ? "down" : "up"}
            onChange={(event) => set({ descending: event.target.value === "down" })}
          >
            <option value="down">largest first</option>
            <option value="up">smallest first</option>
          </select>
        )}
      </Field>
      <Field label="At most" problem={field("definition.limit")}>
        {(more) => (
          <input
            {...more}
            type="number"
            min={1}
            max={1000}
            required
            value={draft.limit}
            onChange={(event) => set({ limit: event.target.value })}
          />
        )}
      </Field>
      <Field label="More columns, separated by ;">
        {(more) => (
          <input
            {...more}
            value={draft.columns}
            size={30}
            spellCheck={false}
            placeholder="rsi(14); atr_percent(14)"
            onChange={(event) => set({ columns: event.target.value })}
          />
        )}
      </Field>
    </Group>
  );
}

export function Group({
  legend,
  problem,
  children,
}: {
  legend: string;
  problem?: string | undefined;
  children: ReactNode;
}) {
  return (
    <fieldset className={styles.group}>
      <legend>{legend}</legend>
      {children}
      {problem !== undefined && <span className={styles.problem}>{sentence(problem)}</span>}
    </fieldset>
  );
}

/** What an input of an indicator proposes. */
function Indicators({ id }: { id: string }) {
  const { data } = screenersApi.useIndicatorsQuery();
  return (
    <datalist id={id}>
      {(data ?? []).map(({ name, words, parameters }) => {
        const numbers = parameters.map((one) => one.default).join(", ");
        return (
          <option key={name} value={numbers === "" ? name : `${name}(${numbers})`}>
            {words}
          </option>
        );
      })}
    </datalist>
  );
}
