/** What a screener looks for, as the server writes it; fields that say the usual are left out. */

export const COMPARISONS = {
  ">": "above",
  ">=": "at least",
  "<": "below",
  "<=": "at most",
  between: "between",
  outside: "outside",
  crosses_above: "crosses above",
  crosses_below: "crosses below",
} as const;
export type Comparison = keyof typeof COMPARISONS;

export type Value = number | string;

export interface Condition {
  left?: string;
  is?: Comparison;
  right?: Value | Value[];
  all?: Condition[];
  any?: Condition[];
}

export interface Universe {
  instruments?: string[];
  list?: string;
  exchange?: string;
  sector?: string;
  kind?: "equity" | "index" | "future" | "option";
}

export interface Definition {
  where: Condition;
  universe?: Universe;
  timeframe?: string;
  sort?: { by: string; descending?: boolean };
  limit?: number;
  columns?: string[];
  /** `split` where nothing is said. */
  adjustment?: Adjustment;
  /** Run by itself once a trading day. */
  schedule?: "daily";
}

export const ADJUSTMENTS = {
  split: "splits",
  all: "splits and dividends",
  dividend: "dividends",
  raw: "nothing",
} as const;
export type Adjustment = keyof typeof ADJUSTMENTS;

/** In words: `close above sma(50), and rsi(14) between 40 and 60`. */
export function conditionWords(condition: Condition): string {
  const parts = condition.all ?? condition.any;
  if (parts !== undefined) {
    const joint = condition.all ? ", and " : ", or ";
    return parts.map((part) => (isGroup(part) ? `(${conditionWords(part)})` : conditionWords(part))).join(joint);
  }
  const right = Array.isArray(condition.right) ? condition.right.join(" and ") : condition.right;
  return `${condition.left} ${condition.is ? COMPARISONS[condition.is] : ""} ${right}`;
}

export function isGroup(condition: Condition): boolean {
  return condition.all !== undefined || condition.any !== undefined;
}

/** Where it looks, in words. */
export function universeWords({ list, exchange, sector, kind, instruments }: Universe): string {
  const named = [
    list && `the list ${list}`,
    instruments && (instruments.length === 1 ? instruments[0] : `${instruments.length} instruments`),
    exchange,
    sector && `the sector ${sector}`,
    kind && `of kind ${kind}`,
  ];
  return named.filter(Boolean).join(", ");
}
