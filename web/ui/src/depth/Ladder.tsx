/** The levels of one side, the best first; asks mirror bids, so that both begin in the middle. */

import { price, whole } from "@/formats/numbers";
import type { Level } from "./book";
import styles from "./Depth.module.css";

interface LadderProps {
  side: "bids" | "asks";
  levels: readonly Level[];
  /** The quantity whose bar is as long as bars get. */
  most: number;
  decimals: number;
}

interface Column {
  name: string;
  tone?: "up" | "down" | "quiet";
  text(level: Level, decimals: number): string;
}

const ORDERS: Column = { name: "Orders", tone: "quiet", text: ({ orders }) => whole(orders) };
const QUANTITY: Column = { name: "Quantity", text: ({ quantity }) => whole(quantity) };
const BID: Column = { name: "Bid", tone: "up", text: (level, decimals) => price(level.price, decimals) };
const ASK: Column = { ...BID, name: "Ask", tone: "down" };

const SIDES = {
  bids: { words: "Bids, the highest first", columns: [ORDERS, QUANTITY, BID] },
  asks: { words: "Asks, the lowest first", columns: [ASK, QUANTITY, ORDERS] },
};

export function Ladder({ side, levels, most, decimals }: LadderProps) {
  const { words, columns } = SIDES[side];
  return (
    <table className={styles.ladder} data-side={side}>
      <caption className="unseen">{words}</caption>
      <thead>
        <tr>
          {columns.map(({ name }) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {levels.map((level, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a level is its place: prices come and go.
          <tr key={place} style={{ backgroundSize: `${most > 0 ? (level.quantity / most) * 100 : 0}% 100%` }}>
            {columns.map(({ name, tone, text }) => (
              <td key={name} className={tone}>
                {text(level, decimals)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
