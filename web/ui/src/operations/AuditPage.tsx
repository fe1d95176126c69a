/** Who did what: a hundred commands and changes at a time, the newest first. */

import { useState } from "react";
import { moment } from "@/formats/times";
import { Asked } from "./Asked";
import { useAuditLogQuery, useUsersQuery } from "./endpoints";
import { Headings } from "./Headings";
import type { AuditEntry } from "./models";
import common from "./page.module.css";
import { Wide } from "./Wide";

const LOOK_MS = 10_000;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function AuditPage() {
  const [token, setToken] = useState("");
  const query = useAuditLogQuery(token, { pollingInterval: LOOK_MS, refetchOnMountOrArgChange: true });
  const { data: users } = useUsersQuery({ page_token: "" });
  const [filter, setFilter] = useState("");
  const names = new Map(users?.items.map(({ id, email }) => [id, email]));
  return (
    <section className={common.page} aria-labelledby="audit-title">
      <h2 id="audit-title">Audit log</h2>
      <div className={common.tools}>
        <label>
          Filter
          <input type="search" value={filter} onChange={(event) => setFilter(event.target.value)} />
        </label>
        <button type="button" disabled={token === ""} onClick={() => setToken("")}>
          Newest
        </button>
        <button
          type="button"
          disabled={!query.data?.next_page_token}
          onClick={() => setToken(query.data?.next_page_token ?? "")}
        >
          Older
        </button>
        <span className="quiet">a hundred at a time, times in {ZONE}</span>
      </div>
      <Asked query={query} waiting="Asking for the audit log…">
        {({ items }) => <Entries entries={named(items, names)} filter={filter.trim().toLowerCase()} />}
      </Asked>
    </section>
  );
}

function named(entries: readonly AuditEntry[], names: ReadonlyMap<string, string>): AuditEntry[] {
  return entries.map((entry) => ({ ...entry, actor: names.get(entry.actor) ?? entry.actor }));
}

function Entries({ entries, filter }: { entries: readonly AuditEntry[]; filter: string }) {
  const shown = entries.filter(({ actor, action, target }) =>
    `${actor} ${action} ${target}`.toLowerCase().includes(filter),
  );
  if (shown.length === 0) {
    return (
      <p className={common.words}>{filter === "" ? "Nobody has done anything yet." : "No entry holds this text."}</p>
    );
  }
  return (
    <Wide label="Entries">
      <table aria-label="Audit log">
        <Headings titles={["When", "Who", "Did", "To what", "Outcome", "From"]} />
        <tbody>
          {shown.map(({ id, at, actor, action, target, outcome, address }) => (
            <tr key={id}>
              <td>{moment(Date.parse(at), ZONE)}</td>
              <td>{actor}</td>
              <td>{action.replaceAll("_", " ")}</td>
              <td className={common.long}>{target}</td>
              <td>{outcome || "asked for"}</td>
              <td>{address || "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}
