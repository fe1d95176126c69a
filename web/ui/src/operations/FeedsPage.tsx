/** Each feed's connections, why they are silent where they are, and what comes over them. */

import { useMemo } from "react";
import { whole } from "@/formats/numbers";
import { age } from "@/formats/times";
import { Asked } from "./Asked";
import { Badge } from "./Badge";
import { Carriers } from "./Carriers";
import { Commanded } from "./Commanded";
import { useActMutation, useFeedsQuery, useTreeQuery } from "./endpoints";
import { causeText, type LineRow, linesOf, numberOf, totalsOf, troublesOf } from "./feeds";
import type { Feeds } from "./models";
import common from "./page.module.css";
import { rateText } from "./rates";
import { type Command, useCommand } from "./useCommand";
import { useRates } from "./useRates";
import { Wide } from "./Wide";
import { ACTIONS } from "./words";

const LOOK_MS = 2_000;
const ENGINE = "engine";

export function FeedsPage() {
  const query = useFeedsQuery(undefined, { pollingInterval: LOOK_MS });
  const command = useCommand();
  return (
    <section className={common.page} aria-labelledby="feeds-title">
      <h2 id="feeds-title">Feeds</h2>
      <Commanded command={command} />
      <Asked query={query} waiting="Asking how the feeds are…">
        {(feeds) => (
          <>
            <Totals />
            <Lines feeds={feeds} command={command} />
            <Carriers feeds={feeds} />
            <Causes causes={feeds.causes} />
          </>
        )}
      </Asked>
    </section>
  );
}

function Totals() {
  const { data } = useTreeQuery(undefined, { pollingInterval: LOOK_MS });
  const engine = data?.[ENGINE];
  const rates = useRates(useMemo(() => (engine ? totalsOf(engine.counters, engine.time) : []), [engine]));
  if (engine === undefined) {
    return <p className="down">No engine has shown itself in the last 5 s: what you see below is its last word.</p>;
  }
  return (
    <p className={common.words}>
      All together: {rateText(rates, "ticks")} ticks, {rateText(rates, "packets")} packets, {rateText(rates, "frames")}{" "}
      frames.
    </p>
  );
}

function Lines({ feeds, command }: { feeds: Feeds; command: Command }) {
  const lines = linesOf(feeds);
  if (lines.length === 0) {
    return <p className={common.words}>There is no feed: no provider carries an instrument.</p>;
  }
  return (
    <Wide label="Connections, in columns">
      <table aria-label="Connections">
        <thead>
          <tr>
            {["Connection", "Status", "Since", "Why"].map((title) => (
              <th scope="col" key={title}>
                {title}
              </th>
            ))}
            <th scope="col" className="number">
              Packets
            </th>
            <th scope="col" className="number">
              Ticks
            </th>
            <th scope="col">Trouble</th>
            <th scope="col">Feed</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <Line key={line.name} line={line} command={command} />
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

function Line({ line, command }: { line: LineRow; command: Command }) {
  const [act] = useActMutation();
  const path = `/engine/feeds/${line.provider}`;
  const troubles = troublesOf(line.packets);
  const { verb, effect, done } = ACTIONS.restart;
  function onRestart() {
    command.ask({
      question: `Restart ${path}?`,
      effect: `All connections of ${line.provider} are made anew. ${effect}`,
      verb,
      done: `${path} ${done}.`,
      send: () => act({ process: ENGINE, path, action: "restart" }),
    });
  }
  return (
    <tr>
      <th scope="row">{line.name}</th>
      <td>
        <Badge state={line.status} />
      </td>
      <td>{age(line.since, Date.now())}</td>
      <td className={common.long}>{line.why || causeText(line.cause)}</td>
      <td className="number">{whole(numberOf(line.packets, "packets"))}</td>
      <td className="number">{whole(numberOf(line.packets, "ticks"))}</td>
      <td className={common.long}>{troubles.join("; ") || "none"}</td>
      <td>
        <button type="button" disabled={command.isBusy} onClick={onRestart}>
          Restart {line.provider}
        </button>
      </td>
    </tr>
  );
}

function Causes({ causes }: { causes: Record<string, number> }) {
  const told = Object.entries(causes).sort(([, one], [, other]) => other - one);
  return (
    <>
      <h3 className={common.heading}>Instruments by what is behind their silence</h3>
      {told.length === 0 && <p className={common.words}>No instrument has been diagnosed yet.</p>}
      <ul className={common.list}>
        {told.map(([cause, count]) => (
          <li key={cause}>
            {whole(count)} {cause.replace("_", " ")}: {causeText(cause)}
          </li>
        ))}
      </ul>
    </>
  );
}
