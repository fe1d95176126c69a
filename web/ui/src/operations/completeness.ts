/** Completeness as a map of instruments and days: what a cell says, and how one walks from cell to cell. */

import { whole } from "@/formats/numbers";
import type { Counts, InstrumentCounts, SessionCounts } from "./models";

export type Level = "full" | "most" | "some" | "none" | "nothing due";

/** How complete it is, for its colour. */
export function levelOf({ expected, percentage }: Counts): Level {
  if (expected === 0) {
    return "nothing due";
  }
  if (percentage >= 100) {
    return "full";
  }
  return percentage >= 95 ? "most" : percentage > 0 ? "some" : "none";
}

/** Never rounded up: what lacks a minute is not 100%. */
export function percentText({ expected, percentage }: Counts): string {
  if (expected === 0) {
    return "–";
  }
  const tenths = Math.floor(percentage * 10) / 10;
  return `${percentage >= 100 || tenths === 0 ? tenths.toFixed(0) : tenths.toFixed(1)}%`;
}

/** What is most worth knowing of it, in a word. */
export function wordOf({ expected, healing, missing, unresolvable, archived }: Counts): string {
  if (expected === 0) {
    return "nothing due";
  }
  const words = { healing, missing, unresolvable, archived };
  return Object.entries(words).find(([, count]) => count > 0)?.[0] ?? "complete";
}

/** What became of all minutes; nothing of an archive where nothing is in one. */
export function countsText({ expected, traded, empty, missing, healing, unresolvable, archived }: Counts): string {
  const kept = "in the archive and not held any more: see ticktree restore.";
  if (archived > 0 && archived === expected) {
    return `All ${whole(expected)} minutes are ${kept}`;
  }
  return (
    `Of ${whole(expected)} minutes that should have been saved by now ${whole(traded)} were traded, ` +
    `${whole(empty)} confirmed empty, ${whole(missing)} are missing, ${whole(healing)} are being healed, ` +
    `and ${whole(unresolvable)} nobody has.${archived > 0 ? ` ${whole(archived)} are ${kept}` : ""}`
  );
}

/** All days that some instrument has, in order. */
export function datesOf(items: readonly InstrumentCounts[]): string[] {
  return [...new Set(items.flatMap(({ sessions }) => sessions.map(({ date }) => date)))].sort();
}

export function sessionOf({ sessions }: InstrumentCounts, date: string): SessionCounts | undefined {
  return sessions.find((session) => session.date === date);
}

export interface Cell {
  row: number;
  column: number;
}

/** Where an arrow key leads; null for keys that lead nowhere. */
export function moved({ row, column }: Cell, key: string, rows: number, columns: number): Cell | null {
  const within = (place: number, count: number) => Math.min(Math.max(place, 0), count - 1);
  switch (key) {
    case "ArrowUp":
      return { row: within(row - 1, rows), column };
    case "ArrowDown":
      return { row: within(row + 1, rows), column };
    case "ArrowLeft":
      return { row, column: within(column - 1, columns) };
    case "ArrowRight":
      return { row, column: within(column + 1, columns) };
    case "Home":
      return { row, column: 0 };
    case "End":
      return { row, column: columns - 1 };
    default:
      return null;
  }
}

const DAY_MS = 86_400_000;

/** The date from which the last so many days begin. */
export function startOf(days: number, nowMs: number): string {
  return new Date(nowMs - (days - 1) * DAY_MS).toISOString().slice(0, 10);
}
