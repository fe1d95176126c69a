/** The columns of the matrix, and which are seen together. Each is listed as it stands for calls, outermost first. */

import { price, short, shortChange } from "@/formats/numbers";
import type { Leg } from "./snapshot";
import { ageWords, BUILD_UPS, lackWords, QUALITIES, reasonWords } from "./words";

export interface Column {
  name: string;
  /** What it is, in whose units. */
  words: string;
  text(leg: Leg): string;
  /** The class of its colour. */
  tone?(leg: Leg): "up" | "down" | "";
  /** What is to be known of this value, where there is something. */
  note?(leg: Leg): string;
}

const NONE = "–";

const COLUMNS = {
  ltp: { name: "LTP", words: "Last traded price", text: ({ ltp }) => price(ltp), tone: priceTone },
  bid: { name: "Bid", words: "Best bid", text: ({ bid }) => price(bid) },
  ask: { name: "Ask", words: "Best ask", text: ({ ask }) => price(ask) },
  volume: { name: "Volume", words: "Traded today, in units", text: ({ volume }) => short(volume) },
  oi: {
    name: "OI",
    words: "Open interest, in units",
    text: ({ oi }) => short(oi),
    note: (leg) => lackWords(leg, "oi"),
  },
  oiChange: {
    name: "OI chg",
    words: "Change of open interest since the previous close",
    text: ({ oi_change }) => shortChange(oi_change),
    tone: ({ oi_change }) => toneOf(oi_change),
    note: (leg) => lackWords(leg, "oi_change"),
  },
  oiToday: {
    name: "Today",
    words: "Change of open interest since the first of today",
    text: ({ oi_change_open }) => shortChange(oi_change_open),
    tone: ({ oi_change_open }) => toneOf(oi_change_open),
    note: (leg) => lackWords(leg, "oi_change_open"),
  },
  buildUp: {
    name: "Build-up",
    words: "What price and open interest did since the previous close",
    text: ({ build_up }) => (build_up === null ? NONE : BUILD_UPS[build_up].short),
    tone: ({ build_up }) => (build_up === null ? "" : BUILD_UPS[build_up].way),
    note: ({ build_up }) => (build_up === null ? "" : BUILD_UPS[build_up].words),
  },
  iv: {
    name: "IV",
    words: "Implied volatility, % a year",
    text: ({ iv }) => price(iv, 1),
    note: ({ iv, reason }) => (iv === null && reason !== null ? reasonWords(reason) : ""),
  },
  delta: { name: "Delta", words: "For one point of the underlying", text: ({ delta }) => price(delta, 2) },
  gamma: {
    name: "Gamma",
    words: "Change of delta for one point of the underlying",
    text: ({ gamma }) => price(gamma, 5),
  },
  theta: { name: "Theta", words: "For one calendar day", text: ({ theta }) => price(theta, 2) },
  vega: { name: "Vega", words: "For one per cent of volatility", text: ({ vega }) => price(vega, 2) },
  age: {
    name: "Age",
    words: "How old the quote is",
    text: ({ quote_age_ms }) => (quote_age_ms === null ? NONE : ageWords(quote_age_ms)),
    note: ({ polled }) => (polled ? "asked for, not heard on a feed" : ""),
  },
  quality: { name: "Quality", words: "How far the quote can be trusted", text: ({ quality }) => QUALITIES[quality] },
} satisfies Record<string, Column>;

export type ColumnKey = keyof typeof COLUMNS;
export type ColumnView = "interest" | "greeks" | "quotes";

export const COLUMN_VIEWS: Record<ColumnView, readonly ColumnKey[]> = {
  interest: ["buildUp", "oiToday", "oiChange", "oi", "volume", "iv", "ltp"],
  greeks: ["vega", "theta", "gamma", "delta", "iv", "ltp"],
  quotes: ["quality", "age", "volume", "bid", "ask", "ltp"],
};

export function columnOf(key: ColumnKey): Column {
  return COLUMNS[key];
}

function priceTone({ ltp, previous_close }: Leg): "up" | "down" | "" {
  return ltp === null || previous_close === null ? "" : toneOf(ltp - previous_close);
}

function toneOf(change: number | null): "up" | "down" | "" {
  return change === null || change === 0 ? "" : change > 0 ? "up" : "down";
}
