/** Enters a corporate action. What is wrong with a part of it stands beside that part. */

import { type FormEvent, useState } from "react";
import { byPart, problemOf, problemWords, type QueryError } from "@/api/problems";
import { sentence } from "@/formats/sentences";
import { Field } from "@/parts/Field";
import { Problem } from "@/parts/Problem";
import { useEnterActionMutation } from "./actionEndpoints";
import { actionWords, type Entry, HINTS, KINDS, type Kind, ratioOf } from "./actions";
import common from "./page.module.css";

const PARTS = ["symbol", "ex_date", "kind", "ratio", "amount"];

export function ActionForm() {
  const [kind, setKind] = useState<Kind>("split");
  const { onSubmit, isBusy, problems, words, done } = useEntry(kind);
  const numeral = kind === "dividend" ? "amount" : "ratio";
  return (
    <form className={common.entry} aria-label="New action" onSubmit={onSubmit}>
      <div className={common.fields}>
        <Field label="Instrument" problem={problems.get("symbol")}>
          {(more) => <input {...more} name="symbol" required maxLength={100} placeholder="NSE:RELIANCE" />}
        </Field>
        <Field label="Ex-date" problem={problems.get("ex_date")}>
          {(more) => <input {...more} name="ex_date" type="date" required />}
        </Field>
        <Field label="Kind" problem={problems.get("kind")}>
          {(more) => (
            <select {...more} value={kind} onChange={({ target }) => setKind(target.value as Kind)}>
              {KINDS.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label={kind === "dividend" ? "Amount a share" : "Ratio"} problem={problems.get(numeral)} key={numeral}>
          {(more) =>
            kind === "dividend" ? (
              <input {...more} name="amount" type="number" step="any" min="0" required />
            ) : (
              <input {...more} name="ratio" required placeholder={kind === "split" ? "1:5" : "1:1"} />
            )
          }
        </Field>
      </div>
      <p className={common.words}>{HINTS[kind]}</p>
      {words !== "" && <Problem words={words} />}
      <div className={common.tools}>
        <button type="submit" data-kind="main" disabled={isBusy}>
          {isBusy ? "One moment…" : "Enter it"}
        </button>
        <span role="status">{done}</span>
      </div>
    </form>
  );
}

/** Sends what is written; what the server has against it is sorted by its parts. */
function useEntry(kind: Kind) {
  const [enter, { isLoading }] = useEnterActionMutation();
  const [problems, setProblems] = useState<ReadonlyMap<string, string>>(new Map());
  const [words, setWords] = useState("");
  const [done, setDone] = useState("");

  function refused(errors: readonly string[]) {
    setProblems(byPart(errors));
    const others = errors.filter((error) => !PARTS.some((part) => error.startsWith(`${part}: `)));
    setWords(others.map(sentence).join(" "));
  }

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    setDone("");
    const entry = entryOf(kind, new FormData(form));
    if (entry === null) {
      refused(["ratio: write it as 1:5, or the number of shares afterwards for each before"]);
      return;
    }
    refused([]);
    try {
      const { instrument, ex_date, ...told } = await enter(entry).unwrap();
      setDone(`${actionWords(told)} of ${instrument} on ${ex_date} is entered.`);
      form.reset();
    } catch (error) {
      refused(complaintsOf(error as QueryError));
    }
  }

  return { onSubmit, isBusy: isLoading, problems, words, done };
}

/** By their parts: that nobody knows an instrument is said of its symbol. */
function complaintsOf(error: QueryError): string[] {
  const { status, errors, detail } = problemOf(error);
  if (status === 404) {
    return [`symbol: ${detail}`];
  }
  return errors.length > 0 ? errors : [problemWords(error)];
}

/** Null: its ratio is none. */
function entryOf(kind: Kind, fields: FormData): Entry | null {
  const text = (name: string) => String(fields.get(name) ?? "").trim();
  const about = { symbol: text("symbol").toUpperCase(), ex_date: text("ex_date"), kind };
  if (kind === "dividend") {
    return { ...about, amount: Number(text("amount")) };
  }
  const ratio = ratioOf(kind, text("ratio"));
  return ratio === null ? null : { ...about, ratio };
}
