/** One strike: its call, itself, its put. */

import { memo } from "react";
import { useAppSelector } from "@/app/store";
import { price, short } from "@/formats/numbers";
import styles from "./Matrix.module.css";
import type { StrikeRow } from "./matrix";

const NOT_COMPUTED = "–";

interface StrikeProps {
  row: StrikeRow;
  rowIndex: number;
  isAtTheMoney: boolean;
  /** The open interest whose bar is as long as bars get. */
  most: number;
}

export const Strike = memo(function Strike({ row, rowIndex, isAtTheMoney, most }: StrikeProps) {
  return (
    <tr aria-rowindex={rowIndex} data-at-the-money={isAtTheMoney}>
      <Leg instrument={row.call} side="call" most={most} />
      <th className={styles.strike} scope="row">
        {price(row.strike, row.strike % 1 === 0 ? 0 : 2)}
        {isAtTheMoney && <span className="unseen"> at the money</span>}
      </th>
      <Leg instrument={row.put} side="put" most={most} />
    </tr>
  );
});

function Leg({ instrument, side, most }: { instrument: string | null; side: "call" | "put"; most: number }) {
  const quote = useAppSelector(({ quotes }) => (instrument === null ? undefined : quotes[instrument]));
  const cells = [
    <td key="delta">{NOT_COMPUTED}</td>,
    <td key="iv">{NOT_COMPUTED}</td>,
    <Interest key="oi" contracts={quote?.oi} side={side} most={most} />,
    <td key="volume">{short(quote?.volume)}</td>,
    <td key="ltp" className={quote?.direction ?? ""} data-instrument={instrument} data-field="ltp">
      {price(quote?.ltp)}
    </td>,
  ];
  return side === "call" ? cells : cells.reverse();
}

function Interest({ contracts, side, most }: { contracts: number | null | undefined; side: string; most: number }) {
  const share = most > 0 ? ((contracts ?? 0) / most) * 100 : 0;
  return (
    <td className={styles.interest} data-side={side}>
      <span className={styles.bar} aria-hidden="true" style={{ width: `${share}%` }} />
      <span className={styles.value}>{short(contracts)}</span>
    </td>
  );
}
