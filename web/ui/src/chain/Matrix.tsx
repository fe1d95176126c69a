/** The strikes. Only the rows in sight are drawn: some underlyings have hundreds. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { type ColumnKey, columnOf } from "./columns";
import styles from "./Matrix.module.css";
import { Strike } from "./Strike";
import type { StrikeLegs } from "./snapshot";

const ROW_PX = 30;
const HEAD_ROWS = 2;

interface MatrixProps {
  strikes: readonly StrikeLegs[];
  atTheMoney: number;
  columns: readonly ColumnKey[];
}

export function Matrix({ strikes, atTheMoney, columns }: MatrixProps) {
  const box = useRef<HTMLElement>(null);
  const hasCentred = useRef(false);
  const virtual = useVirtualizer({
    count: strikes.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 4,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const shown = strikes.slice(first, first + items.length);
  const most = Math.max(0, ...shown.flatMap(({ ce, pe }) => [ce?.oi ?? 0, pe?.oi ?? 0]));

  useEffect(() => {
    if (atTheMoney >= 0 && !hasCentred.current) {
      hasCentred.current = true;
      virtual.scrollToIndex(atTheMoney, { align: "center" });
    }
  }, [atTheMoney, virtual]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: other columns make another width
  useEffect(() => {
    const { current: element } = box;
    element?.scrollTo({ left: (element.scrollWidth - element.clientWidth) / 2 });
  }, [columns]);

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section className={styles.box} ref={box} tabIndex={0} aria-label="Strikes">
      <table className={styles.matrix} aria-rowcount={strikes.length + HEAD_ROWS}>
        <Header columns={columns} />
        <tbody>
          <Space height={first * ROW_PX} />
          {shown.map((legs, place) => (
            <Strike
              key={legs.strike}
              legs={legs}
              rowIndex={first + place + HEAD_ROWS + 1}
              isAtTheMoney={first + place === atTheMoney}
              columns={columns}
              most={most}
            />
          ))}
          <Space height={(strikes.length - first - shown.length) * ROW_PX} />
        </tbody>
      </table>
    </section>
  );
}

function Header({ columns }: { columns: readonly ColumnKey[] }) {
  return (
    <thead>
      <tr className={styles.sides} aria-rowindex={1}>
        <th colSpan={columns.length} scope="colgroup">
          Calls
        </th>
        <td />
        <th colSpan={columns.length} scope="colgroup">
          Puts
        </th>
      </tr>
      <tr aria-rowindex={2}>
        {columns.map((key) => (
          <Heading key={`call ${key}`} column={key} side="Call" />
        ))}
        <th className={styles.strike} scope="col">
          Strike
        </th>
        {columns.toReversed().map((key) => (
          <Heading key={`put ${key}`} column={key} side="Put" />
        ))}
      </tr>
    </thead>
  );
}

function Heading({ column, side }: { column: ColumnKey; side: "Call" | "Put" }) {
  const { name, words } = columnOf(column);
  return (
    <th scope="col" title={words}>
      <span className="unseen">{side} </span>
      {name}
    </th>
  );
}

/** Stands for the rows that are not drawn. */
function Space({ height }: { height: number }) {
  return height > 0 ? <tr style={{ height }} /> : null;
}
