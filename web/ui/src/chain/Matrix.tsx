/** The strikes. Only the rows in sight are drawn and followed: some underlyings have hundreds. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { useFollow } from "@/socket/LineProvider";
import styles from "./Matrix.module.css";
import type { StrikeRow } from "./matrix";
import { Strike } from "./Strike";
import { useMostInterest } from "./useMostInterest";

const ROW_PX = 30;
const COLUMNS = ["Delta", "IV", "OI", "Volume", "LTP"];

export function Matrix({ rows, atTheMoney }: { rows: readonly StrikeRow[]; atTheMoney: number }) {
  const box = useRef<HTMLElement>(null);
  const hasCentred = useRef(false);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 4,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const shown = rows.slice(first, first + items.length);
  const instruments = shown.flatMap(({ call, put }) => [call, put].filter((one) => one !== null));
  useFollow(instruments.map((one) => `quote.${one}`));
  const most = useMostInterest(instruments);

  useEffect(() => {
    if (atTheMoney >= 0 && !hasCentred.current) {
      hasCentred.current = true;
      virtual.scrollToIndex(atTheMoney, { align: "center" });
    }
  }, [atTheMoney, virtual]);

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section className={styles.box} ref={box} tabIndex={0} aria-label="Strikes">
      <table className={styles.matrix} aria-rowcount={rows.length + 1}>
        <Header />
        <tbody>
          <Space height={first * ROW_PX} />
          {shown.map((row, place) => (
            <Strike
              key={row.strike}
              row={row}
              rowIndex={first + place + 2}
              isAtTheMoney={first + place === atTheMoney}
              most={most}
            />
          ))}
          <Space height={(rows.length - first - shown.length) * ROW_PX} />
        </tbody>
      </table>
    </section>
  );
}

function Header() {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {COLUMNS.map((name) => (
          <th key={`call ${name}`} scope="col">
            <span className="unseen">Call </span>
            {name}
          </th>
        ))}
        <th scope="col">Strike</th>
        {[...COLUMNS].reverse().map((name) => (
          <th key={`put ${name}`} scope="col">
            <span className="unseen">Put </span>
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** Stands for the rows that are not drawn. */
function Space({ height }: { height: number }) {
  return height > 0 ? <tr style={{ height }} /> : null;
}
