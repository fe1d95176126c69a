/** Instruments by days: each cell says in colour, number and word how complete it is. Arrow keys walk from cell to cell. */

import { type KeyboardEvent, useRef, useState } from "react";
import { type Cell, datesOf, levelOf, moved, percentText, sessionOf, wordOf } from "./completeness";
import { Headings } from "./Headings";
import styles from "./HeatMap.module.css";
import type { InstrumentCounts, SessionCounts } from "./models";
import { Wide } from "./Wide";

interface Props {
  items: readonly InstrumentCounts[];
  selected: { instrument: string; date: string } | null;
  onSelect(instrument: string, date: string): void;
}

export function HeatMap({ items, selected, onSelect }: Props) {
  const dates = datesOf(items);
  const [place, setPlace] = useState<Cell>({ row: 0, column: 0 });
  const table = useRef<HTMLTableElement>(null);
  const reachable = { row: Math.min(place.row, items.length - 1), column: Math.min(place.column, dates.length - 1) };

  function onKeyDown(event: KeyboardEvent) {
    const next = moved(reachable, event.key, items.length, dates.length);
    if (next !== null) {
      event.preventDefault();
      setPlace(next);
      table.current?.querySelector<HTMLElement>(`[data-cell="${next.row} ${next.column}"]`)?.focus();
    }
  }

  return (
    <Wide label="Map" className={styles.map}>
      {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table one walks through is a grid */}
      <table ref={table} role="grid" aria-label="Completeness by instrument and day" onKeyDown={onKeyDown}>
        <Headings titles={["Instrument", ...dates]} />
        <tbody>
          {items.map((item, row) => (
            <tr key={item.instrument}>
              <th scope="row">{item.symbol}</th>
              {dates.map((date, column) => (
                <td key={date} className={styles.cell}>
                  <Square
                    cell={{ row, column }}
                    instrument={item.symbol}
                    date={date}
                    session={sessionOf(item, date)}
                    isReachable={row === reachable.row && column === reachable.column}
                    isSelected={selected?.instrument === item.instrument && selected.date === date}
                    onSelect={() => {
                      setPlace({ row, column });
                      onSelect(item.instrument, date);
                    }}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

interface SquareProps {
  cell: Cell;
  instrument: string;
  date: string;
  session: SessionCounts | undefined;
  isReachable: boolean;
  isSelected: boolean;
  onSelect(): void;
}

function Square({ cell, instrument, date, session, isReachable, isSelected, onSelect }: SquareProps) {
  const number = session === undefined ? "–" : percentText(session);
  const word = session === undefined ? "no session" : wordOf(session);
  return (
    <button
      type="button"
      className={styles.square}
      data-cell={`${cell.row} ${cell.column}`}
      data-level={session === undefined ? "nothing due" : levelOf(session)}
      tabIndex={isReachable ? 0 : -1}
      aria-pressed={isSelected}
      aria-label={`${instrument} on ${date}: ${number} ${word}`}
      onClick={onSelect}
    >
      {number} <span className={styles.word}>{word}</span>
    </button>
  );
}
