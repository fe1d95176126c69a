/** The order book of one instrument, as far as its provider shows it. */

export interface Level {
  price: number;
  /** In units traded. */
  quantity: number;
  orders: number;
}

/** Both sides, the best price first; a side without orders is empty. */
export interface Book {
  instrument: string;
  bids: Level[];
  asks: Level[];
  /** When it was received, milliseconds UTC. */
  ts_recv: number;
  source: string;
  data: "simulated" | "live";
}

/** All that waits on one side. */
export interface Sum {
  quantity: number;
  orders: number;
}

export function channelOf(instrument: string): string {
  return `depth.${instrument}`;
}

export function sumOf(levels: readonly Level[]): Sum {
  return levels.reduce(
    (sum, { quantity, orders }) => ({ quantity: sum.quantity + quantity, orders: sum.orders + orders }),
    { quantity: 0, orders: 0 },
  );
}

/** From the best bid to the best ask, in points and in per cent of their middle; null where a side is empty. */
export function spreadOf({ bids: [bid], asks: [ask] }: Book): { points: number; percent: number } | null {
  if (bid === undefined || ask === undefined) {
    return null;
  }
  const points = ask.price - bid.price;
  return { points, percent: (points / (ask.price + bid.price)) * 200 };
}

/** The quantity whose bar is as long as bars get. */
export function mostOf({ bids, asks }: Book): number {
  return Math.max(0, ...[...bids, ...asks].map(({ quantity }) => quantity));
}
