/** A small depth for tests. */

import type { Book } from "@/depth/book";

export function book(more: Partial<Book> = {}): Book {
  return {
    instrument: "NSE:TCS",
    bids: [
      { price: 99.95, quantity: 300, orders: 3 },
      { price: 99.9, quantity: 100, orders: 1 },
    ],
    asks: [{ price: 100.05, quantity: 1_200, orders: 1 }],
    ts_recv: 1_795_255_200_000,
    source: "simulator",
    data: "simulated",
    ...more,
  };
}
