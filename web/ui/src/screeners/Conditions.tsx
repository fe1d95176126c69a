/** The conditions of a screener: a row each, or, where some stand within others, as text. */

import { Field } from "@/parts/Field";
import { COMPARISONS, type Comparison } from "./definition";
import { asText, newRow, type Row, takesTwo } from "./draft";
import { Group, type Part } from "./Group";
import styles from "./ScreenersPage.module.css";

export function Conditions({ draft, set, field, indicators }: Part & { indicators: string }) {
  if (draft.nested !== null) {
    return (
      <Group legend="What to look for" problem={field("definition.where")}>
        <Field label="Conditions, as JSON">
          {(more) => (
            <textarea
              {...more}
              className={styles.text}
              rows={12}
              spellCheck={false}
              value={draft.nested ?? ""}
              onChange={(event) => set({ nested: event.target.value })}
            />
          )}
        </Field>
      </Group>
    );
  }
  const change = (at: number, news: Partial<Row>) =>
    set({ rows: draft.rows.map((row, place) => (place === at ? { ...row, ...news } : row)) });
  return (
    <Group legend="What to look for" problem={field("definition.where") ?? field(`definition.where.${draft.joint}`)}>
      <select
        aria-label="How many have to hold"
        value={draft.joint}
        onChange={(event) => set({ joint: event.target.value === "any" ? "any" : "all" })}
      >
        <option value="all">all of these</option>
        <option value="any">any of these</option>
      </select>
      {draft.rows.map((row, at) => (
        <ConditionRow
          key={row.key}
          row={row}
          number={at + 1}
          path={`definition.where.${draft.joint}[${at}]`}
          field={field}
          indicators={indicators}
          onChange={(news) => change(at, news)}
          onRemove={() => set({ rows: draft.rows.filter((_, place) => place !== at) })}
        />
      ))}
      <div className={styles.bar}>
        <button type="button" onClick={() => set({ rows: [...draft.rows, newRow()] })}>
          Add a condition
        </button>
        <button type="button" onClick={() => set(asText(draft))}>
          As text, to nest them
        </button>
      </div>
    </Group>
  );
}

interface RowProps {
  row: Row;
  number: number;
  path: string;
  field(part: string): string | undefined;
  indicators: string;
  onChange(news: Partial<Row>): void;
  onRemove(): void;
}

function ConditionRow({ row, number, path, field, indicators, onChange, onRemove }: RowProps) {
  const isPair = takesTwo(row.is);
  const ends = isPair ? (["right", "other"] as const) : (["right"] as const);
  return (
    <div className={styles.row}>
      <Field label={`Condition ${number}`} problem={field(`${path}.left`) ?? field(path)}>
        {(more) => (
          <input
            {...more}
            list={indicators}
            required
            spellCheck={false}
            value={row.left}
            onChange={(event) => onChange({ left: event.target.value })}
          />
        )}
      </Field>
      <Field label="is" problem={field(`${path}.is`)}>
        {(more) => (
          <select {...more} value={row.is} onChange={(event) => onChange({ is: event.target.value as Comparison })}>
            {Object.entries(COMPARISONS).map(([comparison, words]) => (
              <option key={comparison} value={comparison}>
                {words}
              </option>
            ))}
          </select>
        )}
      </Field>
      {ends.map((end, at) => (
        <Field
          key={end}
          label={at === 0 ? "number or indicator" : "and"}
          problem={field(isPair ? `${path}.right[${at}]` : `${path}.right`)}
        >
          {(more) => (
            <input
              {...more}
              list={indicators}
              required
              spellCheck={false}
              value={row[end]}
              onChange={(event) => onChange({ [end]: event.target.value })}
            />
          )}
        </Field>
      ))}
      <button type="button" onClick={onRemove}>
        <span aria-hidden="true">×</span>
        <span className="unseen">Remove condition {number}</span>
      </button>
    </div>
  );
}
