/** One strike: its call, itself, its put. */

import { memo } from "react";
import { type ColumnKey, columnOf } from "./columns";
import styles from "./Matrix.module.css";
import type { Leg, Side, StrikeLegs } from "./snapshot";
import { doubt, strikeWords } from "./words";

interface StrikeProps {
  legs: StrikeLegs;
  rowIndex: number;
  isAtTheMoney: boolean;
  /** As they stand for calls; puts mirror them. */
  columns: readonly ColumnKey[];
  /** The open interest whose bar is as long as bars get. */
  most: number;
}

export const Strike = memo(function Strike({ legs, rowIndex, isAtTheMoney, columns, most }: StrikeProps) {
  const { strike, ce, pe } = legs;
  return (
    <tr aria-rowindex={rowIndex} data-at-the-money={isAtTheMoney}>
      {columns.map((key) => (
        <Cell key={key} column={key} leg={ce} side="ce" most={most} />
      ))}
      <th className={styles.strike} scope="row">
        {strikeWords(strike)}
        {isAtTheMoney && <span className="unseen"> at the money</span>}
      </th>
      {columns.toReversed().map((key) => (
        <Cell key={key} column={key} leg={pe} side="pe" most={most} />
      ))}
    </tr>
  );
});

interface CellProps {
  column: ColumnKey;
  leg: Leg | null;
  side: Side;
  most: number;
}

function Cell({ column: key, leg, side, most }: CellProps) {
  if (leg === null) {
    return <td />;
  }
  const column = columnOf(key);
  const doubtful = doubt(leg);
  const note = [column.note?.(leg), key === "ltp" && doubtful].filter(Boolean).join(", ");
  return (
    <td
      className={`${styles.cell} ${column.tone?.(leg) ?? ""}`}
      data-instrument={leg.instrument}
      data-field={key}
      data-side={side}
      data-doubtful={doubtful !== ""}
      title={note || undefined}
    >
      {key === "oi" && most > 0 && (
        <span className={styles.bar} aria-hidden="true" style={{ width: `${((leg.oi ?? 0) / most) * 100}%` }} />
      )}
      <span className={styles.value}>{column.text(leg)}</span>
      {note && <span className="unseen">{note}</span>}
    </td>
  );
}
