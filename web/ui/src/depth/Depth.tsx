/** What waits to be bought and sold at which price: twenty levels a side, as they are pushed. */

import { ago } from "@/formats/times";
import { decimalsOf, type InstrumentInfo } from "@/market/symbols";
import { useNow } from "@/market/useNow";
import { type Book, mostOf } from "./book";
import styles from "./Depth.module.css";
import { Ladder } from "./Ladder";
import { Sums } from "./Sums";
import { useDepth } from "./useDepth";

export function Depth({ info }: { info: InstrumentInfo }) {
  const { book, words } = useDepth(info.ticker);
  const decimals = decimalsOf(info);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section className={styles.panel} tabIndex={0} aria-label={`Depth of ${info.ticker}`}>
      <div className={styles.head}>
        <h2>Depth</h2>
        {book && <Source book={book} />}
      </div>
      <p className={styles.say} role="status" aria-label="Depth">
        {words}
      </p>
      {book && (
        <>
          <Sums book={book} decimals={decimals} />
          <div className={styles.sides}>
            <Ladder side="bids" levels={book.bids} most={mostOf(book)} decimals={decimals} />
            <Ladder side="asks" levels={book.asks} most={mostOf(book)} decimals={decimals} />
          </div>
        </>
      )}
    </section>
  );
}

/** Who told it, and how old it is. */
function Source({ book: { source, ts_recv, data } }: { book: Book }) {
  return (
    <p className="quiet">
      {data === "simulated" && "simulated, "}told by {source} {ago(ts_recv, useNow())}
    </p>
  );
}
