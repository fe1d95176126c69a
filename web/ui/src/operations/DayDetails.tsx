/** One instrument's day: what became of its minutes, which are missing and why, and the wish to have them found. */

import { whole } from "@/formats/numbers";
import { moment } from "@/formats/times";
import { countsText, percentText, wordOf } from "./completeness";
import { useScanMutation } from "./endpoints";
import type { Job, SessionCounts } from "./models";
import common from "./page.module.css";
import type { Command } from "./useCommand";

const MOST_GAPS = 12;

interface Props {
  instrument: string;
  session: SessionCounts | undefined;
  date: string;
  command: Command;
}

export function DayDetails({ instrument, session, date, command }: Props) {
  const [scan] = useScanMutation();
  if (session === undefined) {
    return (
      <p role="status" className={common.words}>
        {instrument} has no session on {date}.
      </p>
    );
  }
  function onScan({ start, end }: SessionCounts) {
    const stretch = { symbols: [instrument], start: new Date(start).toISOString(), end: new Date(end).toISOString() };
    void command.run({
      question: `Find and heal ${instrument} on ${date}`,
      effect: "",
      verb: "",
      done: (answer) => `Job ${(answer as { job: Job }).job.id} has begun; it is shown below.`,
      send: () => scan(stretch),
    });
  }
  return (
    <section className={common.page} aria-label="Day">
      <h3 className={common.heading}>
        {instrument} on {date}: {percentText(session)} {wordOf(session)}
      </h3>
      <p className={common.words} role="status">
        {countsText(session)}
      </p>
      <Gaps gaps={session.gaps} />
      <div>
        <button type="button" data-kind="main" disabled={command.isBusy} onClick={() => onScan(session)}>
          Find and heal what is missing
        </button>
      </div>
    </section>
  );
}

function Gaps({ gaps }: { gaps: SessionCounts["gaps"] }) {
  if (gaps.length === 0) {
    return null;
  }
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <ul className={common.list}>
      {gaps.slice(0, MOST_GAPS).map(({ start, end, state, reason }) => (
        <li key={start}>
          {moment(start, zone)} to {moment(end, zone)}: {state}
          {reason !== state && `, ${reason}`}
        </li>
      ))}
      {gaps.length > MOST_GAPS && <li>and {whole(gaps.length - MOST_GAPS)} more</li>}
    </ul>
  );
}
