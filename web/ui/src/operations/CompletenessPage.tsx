/** What is known of every minute that should have been saved, and the jobs that look for what is missing. */

import { type FormEvent, useState } from "react";
import { Asked } from "./Asked";
import { Commanded } from "./Commanded";
import { sessionOf, startOf } from "./completeness";
import { DayDetails } from "./DayDetails";
import { useCompletenessQuery } from "./endpoints";
import { HeatMap } from "./HeatMap";
import { JobTable } from "./JobTable";
import { isOver } from "./jobs";
import type { InstrumentCounts, Page } from "./models";
import { Pager, usePages } from "./Pager";
import common from "./page.module.css";
import { type Command, useCommand } from "./useCommand";
import { useJobs } from "./useJobs";

/** It is counted from the candles themselves, which takes the server a moment. */
const LOOK_MS = 30_000;
const KINDS = ["scan", "backfill", "heal"];
const SHOWN = 5;

export function CompletenessPage() {
  const [symbols, setSymbols] = useState("");
  const [days, setDays] = useState(7);
  const pages = usePages();
  const command = useCommand();
  const query = useCompletenessQuery(
    { symbols, start: startOf(days, Date.now()), page_token: pages.token },
    { pollingInterval: LOOK_MS },
  );

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setSymbols(String(new FormData(event.currentTarget).get("symbols")).trim());
    pages.first();
  }

  return (
    <section className={common.page} aria-labelledby="completeness-title">
      <h2 id="completeness-title">Completeness</h2>
      <form className={common.tools} onSubmit={onSubmit}>
        <label>
          Instruments
          <input name="symbols" type="search" placeholder="all, or NSE:TCS,NSE:ITC" />
        </label>
        <label>
          Days
          <select value={days} onChange={(event) => setDays(Number(event.target.value))}>
            {[7, 14, 30].map((count) => (
              <option key={count} value={count}>
                the last {count}
              </option>
            ))}
          </select>
        </label>
        <button type="submit">Show</button>
      </form>
      <Commanded command={command} />
      <Asked query={{ ...query, data: query.currentData }} waiting="Counting the minutes…">
        {(page) => (
          <>
            <Days page={page} command={command} />
            <Pager pages={pages} next={page.next_page_token} what="instruments" />
          </>
        )}
      </Asked>
      <HealJobs command={command} />
    </section>
  );
}

function Days({ page: { items }, command }: { page: Page<InstrumentCounts>; command: Command }) {
  const [selected, setSelected] = useState<{ instrument: string; date: string } | null>(null);
  if (items.length === 0) {
    return <p className={common.words}>There is no instrument yet that somebody carries.</p>;
  }
  const item = items.find(({ instrument }) => instrument === selected?.instrument);
  return (
    <>
      <HeatMap items={items} selected={selected} onSelect={(instrument, date) => setSelected({ instrument, date })} />
      {selected !== null && item !== undefined ? (
        <DayDetails
          instrument={item.instrument}
          session={sessionOf(item, selected.date)}
          date={selected.date}
          command={command}
        />
      ) : (
        <p className={common.words}>Choose a day of an instrument to see what it lacks, and to have it healed.</p>
      )}
    </>
  );
}

function HealJobs({ command }: { command: Command }) {
  const { jobs } = useJobs();
  const healing = jobs.filter(({ kind }) => KINDS.includes(kind));
  const shown = [...healing.filter((job) => !isOver(job)), ...healing.filter(isOver)].slice(0, SHOWN);
  return (
    <>
      <h3 className={common.heading}>Heal jobs</h3>
      {shown.length === 0 ? (
        <p className={common.words}>None has been started; gaps that the engine sees by itself need no job.</p>
      ) : (
        <JobTable label="Heal jobs" jobs={shown} command={command} />
      )}
    </>
  );
}
