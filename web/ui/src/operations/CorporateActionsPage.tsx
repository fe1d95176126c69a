/** Splits, bonuses and dividends: what is known, who said so, and the operator's word on it. */

import { type FormEvent, useState } from "react";
import { Link } from "react-router";
import { ActionFile } from "./ActionFile";
import { ActionForm } from "./ActionForm";
import { Asked } from "./Asked";
import { useCorporateActionsQuery, useReadActionsMutation, useTakeBackActionMutation } from "./actionEndpoints";
import { actionWords, type CorporateAction, sourceText } from "./actions";
import { Commanded } from "./Commanded";
import { Headings } from "./Headings";
import type { Job } from "./models";
import { Pager, usePages } from "./Pager";
import common from "./page.module.css";
import { type Command, useCommand } from "./useCommand";
import { Wide } from "./Wide";

const LOOK_MS = 30_000;
const NONE =
  "No action is known yet. Until one is, a chart shows each split as a fall that nobody suffered. Enter one, take up a file, or read them of a provider that tells them.";

export function CorporateActionsPage() {
  const [symbol, setSymbol] = useState("");
  const pages = usePages();
  const command = useCommand();
  const query = useCorporateActionsQuery({ symbol, page_token: pages.token }, { pollingInterval: LOOK_MS });

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setSymbol(String(new FormData(event.currentTarget).get("symbol")).trim().toUpperCase());
    pages.first();
  }

  return (
    <section className={common.page} aria-labelledby="actions-title">
      <h2 id="actions-title">Corporate actions</h2>
      <p className={common.words}>
        Splits, bonuses and dividends. Prices stay as they were traded; who asks for it, on the chart or over the API,
        sees earlier ones adjusted. What is entered here goes before what providers say.
      </p>
      <details>
        <summary>Enter one</summary>
        <ActionForm />
      </details>
      <details>
        <summary>Take up a file</summary>
        <ActionFile />
      </details>
      <form className={common.tools} aria-label="Which actions" onSubmit={onSubmit}>
        <label>
          Instrument
          <input name="symbol" type="search" placeholder="all, or NSE:RELIANCE" />
        </label>
        <button type="submit">Show</button>
        <Reading command={command} />
      </form>
      <Commanded command={command} />
      <Asked query={{ ...query, data: query.currentData }} waiting="Asking for the actions…">
        {({ items, next_page_token }) => (
          <>
            {items.length === 0 ? (
              <p className={common.words}>{symbol === "" ? NONE : `No action of ${symbol} is known.`}</p>
            ) : (
              <Actions items={items} command={command} />
            )}
            <Pager pages={pages} next={next_page_token} what="actions" />
          </>
        )}
      </Asked>
    </section>
  );
}

function Reading({ command }: { command: Command }) {
  const [read] = useReadActionsMutation();
  function onRead() {
    void command.run({
      question: "Reading the actions of all shares",
      effect: "",
      verb: "",
      done: (answer) => `Job ${(answer as { job: Job }).job.id} has begun; it is among the jobs.`,
      send: () => read(),
    });
  }
  return (
    <button type="button" disabled={command.isBusy} onClick={onRead}>
      Read from the provider
    </button>
  );
}

function Actions({ items, command }: { items: readonly CorporateAction[]; command: Command }) {
  return (
    <Wide label="Actions">
      <table aria-label="Corporate actions">
        <Headings titles={["Instrument", "Ex-date", "What", "Said by", "Entered", "Changes"]} />
        <tbody>
          {items.map((action) => (
            <Action key={action.id} action={action} command={command} />
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

function Action({ action, command }: { action: CorporateAction; command: Command }) {
  const [takeBack] = useTakeBackActionMutation();
  const { id, instrument, ex_date, source, updated_at } = action;
  const what = `${actionWords(action)} of ${instrument} on ${ex_date}`;
  function onTakeBack() {
    command.ask({
      question: `Take back: ${what}?`,
      effect:
        "Prices before it are no longer adjusted for it, whatever a provider says, until somebody enters it again.",
      verb: "Take it back",
      isDanger: true,
      done: `Taken back: ${what}.`,
      send: () => takeBack(id),
    });
  }
  return (
    <tr>
      <th scope="row">
        <Link to={`/chart/${encodeURIComponent(instrument)}?range=1y&adjustment=all`}>{instrument}</Link>
      </th>
      <td>{ex_date}</td>
      <td>{actionWords(action)}</td>
      <td>{sourceText(source)}</td>
      <td>{updated_at.slice(0, 10)}</td>
      <td>
        <div className={common.buttons}>
          <button type="button" data-kind="danger" disabled={command.isBusy} onClick={onTakeBack}>
            Take back<span className="unseen"> {what}</span>
          </button>
        </div>
      </td>
    </tr>
  );
}
