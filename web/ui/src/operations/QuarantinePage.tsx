/** Prices that were not believed, with their evidence, and the operator's word on them. */

import { type FormEvent, useState } from "react";
import { price } from "@/formats/numbers";
import { moment } from "@/formats/times";
import { Asked } from "./Asked";
import { Badge } from "./Badge";
import { Commanded } from "./Commanded";
import { useDecideMutation, useQuarantineQuery } from "./endpoints";
import { Headings } from "./Headings";
import type { Fate, Quarantined } from "./models";
import { Pager, usePages } from "./Pager";
import common from "./page.module.css";
import { evidenceOf, type Word, wordsFor } from "./quarantine";
import { type Command, useCommand } from "./useCommand";
import { Wide } from "./Wide";

const LOOK_MS = 5_000;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function QuarantinePage() {
  const [status, setStatus] = useState<Fate | "">("");
  const [symbol, setSymbol] = useState("");
  const pages = usePages();
  const command = useCommand();
  const query = useQuarantineQuery({ status, symbol, page_token: pages.token }, { pollingInterval: LOOK_MS });

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setSymbol(String(new FormData(event.currentTarget).get("symbol")).trim());
    pages.first();
  }

  return (
    <section className={common.page} aria-labelledby="quarantine-title">
      <h2 id="quarantine-title">Quarantine</h2>
      <form className={common.tools} onSubmit={onSubmit}>
        <label>
          Status
          <select
            value={status}
            onChange={(event) => {
              setStatus(event.target.value as Fate | "");
              pages.first();
            }}
          >
            <option value="">all</option>
            <option value="held">held</option>
            <option value="released">released</option>
            <option value="discarded">discarded</option>
          </select>
        </label>
        <label>
          Instrument
          <input name="symbol" type="search" placeholder="all, or NSE:RELIANCE" />
        </label>
        <button type="submit">Show</button>
      </form>
      <Commanded command={command} />
      <Asked query={{ ...query, data: query.currentData }} waiting="Asking for the quarantine…">
        {({ items, next_page_token }) => (
          <>
            {items.length === 0 ? (
              <p className={common.words}>Nothing of this kind: every price was believed.</p>
            ) : (
              <Entries items={items} command={command} />
            )}
            <Pager pages={pages} next={next_page_token} what="entries" />
          </>
        )}
      </Asked>
    </section>
  );
}

function Entries({ items, command }: { items: readonly Quarantined[]; command: Command }) {
  return (
    <Wide label="Entries">
      <table aria-label="Quarantine">
        <Headings titles={["Instrument", "When", "Status", "Why it was not believed", "Decision"]} />
        <tbody>
          {items.map((entry) => (
            <Entry key={entry.id} entry={entry} command={command} />
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

function Entry({ entry, command }: { entry: Quarantined; command: Command }) {
  const { instrument, kind, timestamp, status, decided_by, reason } = entry;
  return (
    <tr>
      <th scope="row">
        {instrument}
        <div>
          {kind} at {price(entry.price)}
        </div>
      </th>
      <td>{timestamp === null ? "no time told" : moment(Date.parse(timestamp), ZONE)}</td>
      <td>
        <Badge state={status} />
        <div className="quiet">{decided_by && `by ${decided_by}`}</div>
      </td>
      <td className={common.long}>
        {reason}
        <Evidence entry={entry} />
      </td>
      <td>
        <Decision entry={entry} command={command} />
      </td>
    </tr>
  );
}

function Evidence({ entry }: { entry: Quarantined }) {
  return (
    <details>
      <summary>Evidence</summary>
      <ul className={common.list}>
        {evidenceOf(entry, ZONE).map(([name, value]) => (
          <li key={name}>
            {name}: {value}
          </li>
        ))}
      </ul>
    </details>
  );
}

const WORDS: Record<Word, { verb: string; effect: string; done: string }> = {
  release: { verb: "Release", effect: "The price is taken into its candles.", done: "is released" },
  discard: {
    verb: "Discard",
    effect: "The price stays out of its candles, or is taken out of them.",
    done: "is discarded",
  },
};

function Decision({ entry, command }: { entry: Quarantined; command: Command }) {
  const [decide] = useDecideMutation();
  const allowed = wordsFor(entry);
  if (allowed.length === 0) {
    return <span className="quiet">backfill its minute</span>;
  }
  const what = `${entry.instrument} at ${price(entry.price)}`;
  function ask(word: Word): void {
    const { verb, effect, done } = WORDS[word];
    command.ask({
      question: `${verb} ${what}?`,
      effect,
      verb: `${verb} it`,
      isDanger: word === "discard",
      done: `${what} ${done}.`,
      send: () => decide({ id: entry.id, word }),
    });
  }
  return (
    <div className={common.buttons}>
      {allowed.map((word) => (
        <button
          type="button"
          key={word}
          aria-label={`${WORDS[word].verb} ${what}`}
          disabled={command.isBusy}
          onClick={() => ask(word)}
        >
          {WORDS[word].verb}
        </button>
      ))}
    </div>
  );
}
