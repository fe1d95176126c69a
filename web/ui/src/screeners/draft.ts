/** A screener as it stands in the editor: texts, until they are sent. */

import {
  type Adjustment,
  type Comparison,
  type Condition,
  type Definition,
  isGroup,
  type Universe,
  type Value,
} from "./definition";
import type { Written } from "./endpoints";

export interface Row {
  key: number;
  left: string;
  is: Comparison;
  right: string;
  /** The other end, of what is between or outside. */
  other: string;
}

export interface Draft {
  name: string;
  description: string;
  list: string;
  exchange: string;
  sector: string;
  kind: string;
  instruments: string;
  timeframe: string;
  joint: "all" | "any";
  rows: Row[];
  sortBy: string;
  descending: boolean;
  limit: string;
  columns: string;
  adjustment: Adjustment;
  daily: boolean;
  /** Set when the conditions stand within others: they are then written as text. */
  nested: string | null;
}

let keys = 0;

export function newRow(row: Partial<Row> = {}): Row {
  keys += 1;
  return { left: "close", is: ">", right: "sma(50)", other: "", ...row, key: keys };
}

export const EMPTY: Written = {
  name: "",
  description: "",
  definition: {
    universe: { exchange: "NSE" },
    where: { all: [{ left: "close", is: ">", right: "sma(50)" }] },
    sort: { by: "change" },
  },
};

export function draftOf({ name, description, definition }: Written): Draft {
  const { universe = {}, where, sort } = definition;
  const rows = rowsOf(where);
  return {
    name,
    description,
    list: universe.list ?? "",
    exchange: universe.exchange ?? "",
    sector: universe.sector ?? "",
    kind: universe.kind ?? "",
    instruments: (universe.instruments ?? []).join(", "),
    timeframe: definition.timeframe ?? "1d",
    joint: where.any ? "any" : "all",
    rows: rows ?? [],
    sortBy: sort?.by ?? "",
    descending: sort?.descending ?? true,
    limit: String(definition.limit ?? 100),
    columns: (definition.columns ?? []).join("; "),
    adjustment: definition.adjustment ?? "split",
    daily: definition.schedule === "daily",
    nested: rows === null ? JSON.stringify(where, null, 2) : null,
  };
}

/** What is sent. Throws SyntaxError where the nested conditions are no JSON. */
export function writtenOf(draft: Draft): Written {
  const definition: Definition = {
    universe: universeOf(draft),
    where: draft.nested === null ? { [draft.joint]: draft.rows.map(conditionOf) } : JSON.parse(draft.nested),
    timeframe: draft.timeframe,
    limit: Number(draft.limit),
    columns: parts(draft.columns, ";"),
  };
  if (draft.adjustment !== "split") {
    definition.adjustment = draft.adjustment;
  }
  if (draft.daily) {
    definition.schedule = "daily";
  }
  if (draft.sortBy.trim() !== "") {
    definition.sort = { by: draft.sortBy.trim(), descending: draft.descending };
  }
  return { name: draft.name.trim(), description: draft.description.trim(), definition };
}

/** The conditions as text, to put some within others. */
export function asText(draft: Draft): Draft {
  return { ...draft, nested: JSON.stringify(writtenOf(draft).definition.where, null, 2) };
}

export function takesTwo(comparison: Comparison): boolean {
  return comparison === "between" || comparison === "outside";
}

function rowsOf(where: Condition): Row[] | null {
  const conditions = where.all ?? where.any ?? [where];
  return conditions.some(isGroup) ? null : conditions.map(rowOf);
}

function rowOf({ left, is, right }: Condition): Row {
  const [one, other] = Array.isArray(right) ? right : [right];
  return newRow({ left: left ?? "", is: is ?? ">", right: String(one ?? ""), other: String(other ?? "") });
}

function conditionOf({ left, is, right, other }: Row): Condition {
  return { left: left.trim(), is, right: takesTwo(is) ? [valueIn(right), valueIn(other)] : valueIn(right) };
}

function valueIn(text: string): Value {
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : text.trim();
}

function universeOf({ list, exchange, sector, kind, instruments }: Draft): Universe {
  const named = parts(instruments.toUpperCase(), /[\s,;]+/);
  const given = { list, exchange: exchange.trim().toUpperCase(), sector: sector.trim(), kind };
  const texts = Object.fromEntries(Object.entries(given).filter(([, text]) => text !== ""));
  return named.length > 0 ? { ...texts, instruments: named } : texts;
}

function parts(text: string, between: string | RegExp): string[] {
  return text
    .split(between)
    .map((part) => part.trim())
    .filter(Boolean);
}
