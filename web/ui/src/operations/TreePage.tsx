/** All actors of all processes as they are now, and the operator's hand on each. */

import { useMemo, useState } from "react";
import { ActorDetails } from "./ActorDetails";
import { Asked } from "./Asked";
import { Commanded } from "./Commanded";
import { useSubtreeQuery, useTreeQuery } from "./endpoints";
import type { Place, ProcessTree } from "./models";
import common from "./page.module.css";
import styles from "./TreePage.module.css";
import { TreeTable } from "./TreeTable";
import { grafted, readingsOf, rowsOf, statesOf, summarized } from "./tree";
import { useCommand } from "./useCommand";
import { useRates } from "./useRates";
import { statesText } from "./words";

const LOOK_MS = 2_000;

export function TreePage() {
  const query = useTreeQuery(undefined, { pollingInterval: LOOK_MS });
  return (
    <section className={common.page} aria-labelledby="tree-title">
      <h2 id="tree-title">Actors</h2>
      <Asked query={query} waiting="Asking the processes for their trees…">
        {(trees) => <Trees told={trees} />}
      </Asked>
    </section>
  );
}

function Trees({ told }: { told: Record<string, ProcessTree> }) {
  const [filter, setFilter] = useState("");
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [selected, setSelected] = useState<Place | null>(null);
  const [wanted, setWanted] = useState<Place | null>(null);
  const command = useCommand();
  const { processes, summed, isAsking } = useTrees(told, wanted, filter);
  const rates = useRates(useMemo(() => readingsOf(processes.all, processes.whole), [processes]));
  const rows = useMemo(() => rowsOf(processes.all, { closed, filter }), [processes, closed, filter]);

  return (
    <>
      <Summary processes={told} />
      <div className={common.tools}>
        <label>
          Filter
          <input type="search" value={filter} onChange={(event) => setFilter(event.target.value)} />
        </label>
        {summed.map((place) => (
          <button type="button" key={place.path} onClick={() => setWanted(place)}>
            Show all below {place.path}
          </button>
        ))}
        {wanted !== null && (
          <button type="button" onClick={() => setWanted(null)}>
            Sum {wanted.path} up
          </button>
        )}
        <p className={common.words} role="status">
          {isAsking ? "Asking for all of them…" : `${rows.length} shown`}
        </p>
      </div>
      <Commanded command={command} />
      <div className={styles.halves}>
        <TreeTable
          rows={rows}
          rates={rates}
          selected={selected}
          onSelect={setSelected}
          onToggle={(key) => setClosed(toggled(closed, key))}
        />
        {selected !== null && (
          <ActorDetails
            place={selected}
            processes={processes.all}
            rates={rates}
            command={command}
            onClose={() => setSelected(null)}
          />
        )}
      </div>
    </>
  );
}

/** The trees, and what the server sums up: whole where it is wanted, or where a filter has to look into it. */
function useTrees(told: Record<string, ProcessTree>, wanted: Place | null, filter: string) {
  const all = useMemo(() => Object.values(told), [told]);
  const summed = useMemo(() => summarized(all), [all]);
  const place = wanted ?? (filter.trim() === "" ? undefined : summed[0]);
  const { currentData: whole, isFetching } = useSubtreeQuery(place ?? { process: "", path: "" }, {
    skip: place === undefined,
    pollingInterval: LOOK_MS,
  });
  const shown = place === undefined ? undefined : whole;
  const processes = useMemo(() => ({ all: grafted(all, shown), whole: shown }), [all, shown]);
  return {
    processes,
    summed: summed.filter(({ path }) => path !== wanted?.path),
    isAsking: place !== undefined && whole === undefined && isFetching,
  };
}

function Summary({ processes }: { processes: Record<string, ProcessTree> }) {
  const all = Object.values(processes);
  return (
    <ul className={styles.summary} aria-label="Processes">
      {!("engine" in processes) && (
        <li className="down">
          engine: away. No engine has shown itself in the last 5 s, so no price moves; a new one is started by whoever
          runs it.
        </li>
      )}
      {all.map(({ process, tree, dead_letters }) => (
        <li key={process}>
          <strong>{process}</strong>: {statesText(statesOf(tree))}; {dead_letters} dead letters
        </li>
      ))}
    </ul>
  );
}

function toggled(keys: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(keys);
  if (!next.delete(key)) {
    next.add(key);
  }
  return next;
}
