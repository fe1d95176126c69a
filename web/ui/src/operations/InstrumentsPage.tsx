/** The instruments, and whose ticks are kept beside their candles. */

import { type FormEvent, useState } from "react";
import { Link } from "react-router";
import { Asked } from "./Asked";
import { Commanded } from "./Commanded";
import { Headings } from "./Headings";
import { type KnownInstrument, useKeepTicksMutation, useKnownInstrumentsQuery } from "./instrumentEndpoints";
import { Pager, usePages } from "./Pager";
import common from "./page.module.css";
import { type Command, useCommand } from "./useCommand";
import { Wide } from "./Wide";

const LOOK_MS = 30_000;
const KINDS: readonly KnownInstrument["kind"][] = ["equity", "index", "future", "option"];
const ALL = { q: "", kind: "" };

export function InstrumentsPage() {
  const [wanted, setWanted] = useState(ALL);
  const pages = usePages();
  const command = useCommand();
  const query = useKnownInstrumentsQuery({ ...wanted, page_token: pages.token }, { pollingInterval: LOOK_MS });

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setWanted({ q: String(fields.get("q")).trim(), kind: String(fields.get("kind")) });
    pages.first();
  }

  return (
    <section className={common.page} aria-labelledby="instruments-title">
      <h2 id="instruments-title">Instruments</h2>
      <p className={common.words}>
        Candles are kept of all. Of those you choose each tick is kept, too, for <code>/api/v1/ticks</code>: some 150
        bytes of disk each, so that a share with 100,000 ticks a day takes 15 MB a day, for as long as{" "}
        <code>TICKTREE_KEEP_TICKS_DAYS</code> says.
      </p>
      <form className={common.tools} onSubmit={onSubmit}>
        <label>
          Find
          <input name="q" type="search" maxLength={100} placeholder="a part of its name" />
        </label>
        <label>
          Kind
          <select name="kind">
            <option value="">all</option>
            {KINDS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <button type="submit">Show</button>
      </form>
      <Commanded command={command} />
      <Asked query={{ ...query, data: query.currentData }} waiting="Asking for the instruments…">
        {({ items, next_page_token }) => (
          <>
            {items.length === 0 ? (
              <p className={common.words}>
                {wanted === ALL
                  ? "There is no instrument yet: `POST /populate_database/instruments` reads a list."
                  : "None is called so, or none of that kind."}
              </p>
            ) : (
              <Rows items={items} command={command} />
            )}
            <Pager pages={pages} next={next_page_token} what="instruments" />
          </>
        )}
      </Asked>
    </section>
  );
}

function Rows({ items, command }: { items: readonly KnownInstrument[]; command: Command }) {
  return (
    <Wide label="Found">
      <table aria-label="Instruments">
        <Headings titles={["Instrument", "Ticks", "Name", "Kind"]} />
        <tbody>
          {items.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                <Link to={`/chart/${encodeURIComponent(one.instrument)}`}>{one.instrument}</Link>
              </th>
              <td>
                <Ticks of={one} command={command} />
              </td>
              <td>{one.name}</td>
              <td>{one.kind}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

function Ticks({ of: { id, instrument, keep_ticks }, command }: { of: KnownInstrument; command: Command }) {
  const [keep] = useKeepTicksMutation();
  function onChange() {
    void command.run({
      question: `${keep_ticks ? "No longer keeping" : "Keeping"} the ticks of ${instrument}`,
      effect: "",
      verb: "",
      done: keep_ticks
        ? `No more ticks of ${instrument} are kept; those that are kept stay.`
        : `The ticks of ${instrument} are kept, within five seconds.`,
      send: () => keep({ id, keep_ticks: !keep_ticks }),
    });
  }
  return (
    <label className={common.switch}>
      <input type="checkbox" checked={keep_ticks} disabled={command.isBusy} onChange={onChange} />
      {keep_ticks ? "kept" : "not kept"}
      <span className="unseen">: ticks of {instrument}</span>
    </label>
  );
}
