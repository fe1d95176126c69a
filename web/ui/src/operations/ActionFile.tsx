/** Takes up a CSV file of corporate actions: all its lines, or none where one is wrong. */

import { type FormEvent, useState } from "react";
import { problemOf, problemWords, type QueryError } from "@/api/problems";
import { whole } from "@/formats/numbers";
import { Problem } from "@/parts/Problem";
import { type TakenUp, useTakeUpActionsMutation } from "./actionEndpoints";
import common from "./page.module.css";

/** What the server takes as one body, with room for how it is packed. */
const MOST_BYTES = 200_000;
const EXAMPLE = `symbol,ex_date,kind,ratio,amount
NSE:RELIANCE,2024-10-28,bonus,1:1,
NSE:BAJFINANCE,2025-06-16,split,1:2,
NSE:TCS,2026-07-16,dividend,,11`;

interface Refusal {
  words: string;
  lines: readonly string[];
}

export function ActionFile() {
  const [takeUp, { isLoading }] = useTakeUpActionsMutation();
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [done, setDone] = useState("");

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const file = new FormData(form).get("file") as File;
    setDone("");
    setRefusal(null);
    if (file.size > MOST_BYTES) {
      setRefusal({
        words: `A file of more than ${whole(MOST_BYTES)} bytes is for \`ticktree actions FILE\`.`,
        lines: [],
      });
      return;
    }
    try {
      setDone(takenUpWords(await takeUp(await file.text()).unwrap()));
      form.reset();
    } catch (error) {
      setRefusal({ words: problemWords(error as QueryError), lines: problemOf(error as QueryError).errors });
    }
  }

  return (
    <form className={common.entry} aria-label="File of actions" onSubmit={onSubmit}>
      <p className={common.words}>A CSV file with a line an action; ratios as they are announced:</p>
      <pre className={common.example}>{EXAMPLE}</pre>
      {refusal !== null && (
        <Problem words={refusal.words}>
          <ul className={common.list}>
            {refusal.lines.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </Problem>
      )}
      <div className={common.tools}>
        <label>
          <span className="unseen">File</span>
          <input name="file" type="file" accept=".csv,text/csv" required />
        </label>
        <button type="submit" disabled={isLoading}>
          {isLoading ? "One moment…" : "Take it up"}
        </button>
        <span role="status">{done}</span>
      </div>
    </form>
  );
}

function takenUpWords({ actions, saved, unknown }: TakenUp): string {
  const left = unknown.length === 0 ? "" : ` Left out, as no table has them: ${unknown.join(", ")}.`;
  return `${whole(actions)} actions were read, ${whole(saved)} of them new or changed.${left}`;
}
