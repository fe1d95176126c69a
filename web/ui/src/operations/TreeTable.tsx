/** The trees as one indented table; of thousands of rows only those in sight are on the page. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { whole } from "@/formats/numbers";
import { Badge } from "./Badge";
import type { Place } from "./models";
import common from "./page.module.css";
import { type Rates, rateText } from "./rates";
import styles from "./TreePage.module.css";
import { keyOf, nameOf, type Row } from "./tree";
import { Wide } from "./Wide";

const ROW_PX = 33;
const AROUND = 15;

interface Props {
  rows: readonly Row[];
  rates: Rates;
  selected: Place | null;
  onSelect(place: Place): void;
  onToggle(key: string): void;
}

export function TreeTable({ rows, rates, selected, onSelect, onToggle }: Props) {
  const region = useRef<HTMLElement>(null);
  const view = useVirtualizer({
    count: rows.length,
    getScrollElement: () => region.current,
    estimateSize: () => ROW_PX,
    overscan: AROUND,
  });
  const items = view.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = view.getTotalSize() - (items.at(-1)?.end ?? 0);
  const chosen = selected === null ? "" : keyOf(selected);
  return (
    <Wide label="All actors" className={styles.region} ref={region}>
      <table aria-label="Actors" aria-rowcount={rows.length + 1}>
        <Head />
        <tbody>
          <Filler height={above} />
          {items.map(({ index }) => {
            const row = rows[index];
            return row === undefined ? null : (
              <ActorRow
                key={row.key}
                row={row}
                position={index + 2}
                rate={rateText(rates, row.key)}
                isSelected={row.key === chosen}
                onSelect={onSelect}
                onToggle={onToggle}
              />
            );
          })}
          <Filler height={below} />
        </tbody>
      </table>
      {rows.length === 0 && <p className={common.words}>No actor is called so, is in such a state or failed so.</p>}
    </Wide>
  );
}

function Head() {
  return (
    <thead>
      <tr>
        <th scope="col" className={styles.actorColumn}>
          Actor
        </th>
        <th scope="col" className={styles.stateColumn}>
          State
        </th>
        {["Waiting", "Oldest", "Rate", "Restarts"].map((title) => (
          <th scope="col" key={title} className={`number ${styles.numberColumn}`}>
            {title}
          </th>
        ))}
        <th scope="col">Last error</th>
      </tr>
    </thead>
  );
}

interface RowProps {
  row: Row;
  position: number;
  rate: string;
  isSelected: boolean;
  onSelect(place: Place): void;
  onToggle(key: string): void;
}

function ActorRow({ row, position, rate, isSelected, onSelect, onToggle }: RowProps) {
  const { actor, level, isOpen, hidden, process, path } = row;
  const { depth, oldest_age_s } = actor.mailbox;
  const name = nameOf(path);
  const label = level === 1 ? `${process} ${path}` : name;
  return (
    <tr aria-rowindex={position} data-selected={isSelected} data-actor={path}>
      <th scope="row">
        <div className={styles.name} style={{ paddingLeft: `${(level - 1) * 1.1}rem` }}>
          {isOpen === null ? (
            <span className={styles.toggle} />
          ) : (
            <button
              type="button"
              className={styles.toggle}
              aria-expanded={isOpen}
              aria-label={`Below ${label}`}
              onClick={() => onToggle(row.key)}
            >
              {isOpen ? "▾" : "▸"}
            </button>
          )}
          <button
            type="button"
            className={styles.label}
            aria-pressed={isSelected}
            title={actor.kind}
            onClick={() => onSelect({ process, path })}
          >
            {label}
          </button>
          {hidden > 0 && <span className={styles.more}>and {whole(hidden)} more</span>}
        </div>
      </th>
      <td>
        <Badge state={actor.state} />
      </td>
      <td className="number">{whole(depth)}</td>
      <td className="number">{depth > 0 ? `${oldest_age_s.toFixed(1)} s` : "–"}</td>
      <td className="number">{rate}</td>
      <td className="number">{whole(actor.restarts)}</td>
      <td title={actor.last_error ?? ""}>{actor.last_error ?? ""}</td>
    </tr>
  );
}

function Filler({ height }: { height: number }) {
  return height > 0 ? (
    <tr className={styles.filler}>
      <td colSpan={7} style={{ height }} />
    </tr>
  ) : null;
}
