/** The editor of a screener. What the server has against a part stands beside that part. */

import { type FormEvent, useId, useState } from "react";
import { byPart, problemOf, problemWords, type QueryError } from "@/api/problems";
import { sentence } from "@/formats/sentences";
import { Field } from "@/parts/Field";
import type { ScreenerLine } from "@/watchlist/endpoints";
import { Conditions } from "./Conditions";
import { type Draft, draftOf, writtenOf } from "./draft";
import { screenersApi, type Written } from "./endpoints";
import { Group, type Part } from "./Group";
import styles from "./ScreenersPage.module.css";
import { UniverseFields } from "./UniverseFields";

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
