/** Both sides as a whole: how far apart they are, and what waits on each. */

import { price, whole } from "@/formats/numbers";
import { type Book, type Sum, spreadOf, sumOf } from "./book";
import styles from "./Depth.module.css";

export function Sums({ book, decimals }: { book: Book; decimals: number }) {
  const [bids, asks] = [sumOf(book.bids), sumOf(book.asks)];
  const spread = spreadOf(book);
  return (
    <div>
      <dl className={styles.sums}>
        <Waiting name="Bids" sum={bids} />
        <div>
          <dt>Spread</dt>
          <dd>{price(spread?.points, decimals)}</dd>
          <dd className="quiet">{spread && `${price(spread.percent, 3)}%`}</dd>
        </div>
        <Waiting name="Asks" sum={asks} />
      </dl>
      <div className={styles.balance} aria-hidden="true">
        <span style={{ flexGrow: bids.quantity }} />
        <span style={{ flexGrow: asks.quantity }} />
      </div>
    </div>
  );
}

function Waiting({ name, sum: { quantity, orders } }: { name: string; sum: Sum }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{whole(quantity)}</dd>
      <dd className="quiet">
        {whole(orders)} {orders === 1 ? "order" : "orders"}
      </dd>
    </div>
  );
}
