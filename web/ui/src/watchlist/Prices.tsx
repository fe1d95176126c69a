/** The table of a list: one row for each instrument, in the order of the list. */

import { type KeyboardEvent, memo, useCallback, useRef, useState } from "react";
import { Link } from "react-router";
import { AlertMe } from "@/alerts/AlertMe";
import styles from "./Prices.module.css";
import { AgeCell, QuoteCells, StatusCell } from "./QuoteCells";

interface Props {
  /** What the table is called by screen readers. */
  name: string;
  instruments: readonly string[];
  /** Left out where nothing can be removed. */
  onRemove?: ((instrument: string) => void) | undefined;
}

export function Prices({ name, instruments, onRemove }: Props) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [current, setCurrent] = useState(0);
  const onGo = useCallback((row: number) => {
    setCurrent(row);
    body.current?.rows[row]?.querySelector("a")?.focus();
  }, []);
  return (
    <table className={styles.prices} aria-label={name}>
      <Head hasCommands={onRemove !== undefined} />
      <tbody ref={body}>
        {instruments.map((instrument, row) => (
          <Row
            key={instrument}
            instrument={instrument}
            row={row}
            last={instruments.length - 1}
            isCurrent={row === Math.min(current, instruments.length - 1)}
            onGo={onGo}
            onRemove={onRemove}
          />
        ))}
      </tbody>
    </table>
  );
}

const COLUMNS = {
  instrument: "Instrument",
  ltp: "Last",
  change: "Change",
  percent: "%",
  low: "Low",
  high: "High",
  volume: "Volume",
  age: "Age",
  status: "Status",
};

function Head({ hasCommands }: { hasCommands: boolean }) {
  return (
    <thead>
      <tr>
        {Object.entries(COLUMNS).map(([column, title]) => (
          <th scope="col" key={column} data-column={column}>
            {title}
          </th>
        ))}
        {hasCommands && (
          <th scope="col" data-column="commands">
            <span className="unseen">Commands</span>
          </th>
        )}
      </tr>
    </thead>
  );
}

interface RowProps {
  instrument: string;
  row: number;
  last: number;
  /** The one row that Tab goes to; the arrows go on from there. */
  isCurrent: boolean;
  onGo: (row: number) => void;
  onRemove: ((instrument: string) => void) | undefined;
}

const Row = memo(function Row({ instrument, row, last, isCurrent, onGo, onRemove }: RowProps) {
  const [exchange, symbol] = instrument.split(/:(.*)/s);
  const tabIndex = isCurrent ? 0 : -1;

  function onKeyDown(event: KeyboardEvent) {
    const to = rowAfter(event.key, row, last);
    if (to !== null) {
      event.preventDefault();
      onGo(to);
    } else if (event.key === "Delete" && onRemove !== undefined) {
      onRemove(instrument);
    }
  }

  return (
    <tr>
      <th scope="row" data-field="instrument">
        <Link className={styles.open} to={`/chart/${instrument}`} tabIndex={tabIndex} onKeyDown={onKeyDown}>
          {symbol}
        </Link>
        <span className={styles.exchange}>{exchange}</span>
        <AlertMe instrument={instrument} className={styles.alert} tabIndex={tabIndex} isShort />
      </th>
      <QuoteCells instrument={instrument} />
      <AgeCell instrument={instrument} />
      <StatusCell instrument={instrument} />
      {onRemove !== undefined && (
        <td data-field="commands">
          <button type="button" tabIndex={tabIndex} onClick={() => onRemove(instrument)}>
            <span aria-hidden="true">×</span>
            <span className="unseen">Remove {symbol}</span>
          </button>
        </td>
      )}
    </tr>
  );
});

/** Where a key leads from a row; null for a key that leads nowhere. */
export function rowAfter(key: string, row: number, last: number): number | null {
  switch (key) {
    case "ArrowDown":
      return Math.min(row + 1, last);
    case "ArrowUp":
      return Math.max(row - 1, 0);
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return null;
  }
}
