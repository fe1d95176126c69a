/** What the engine tells of its feeds, as rows and in words. */

import { whole } from "@/formats/numbers";
import type { Feeds, LineStatus, Measure, Packets } from "./models";
import type { Reading } from "./rates";

/** One connection of a provider. */
export interface LineRow extends LineStatus {
  name: string;
  provider: string;
  packets: Packets;
}

/** One provider: what it carries of each exchange, and how well. */
export interface CarrierRow {
  provider: string;
  exchanges: [string, number][];
  measure: Measure;
}

const COUNTED = ["frames", "packets", "ticks"] as const;

/** What can be wrong with single packets, and what it means. */
const TROUBLES: Record<string, string> = {
  unknown_codes: "of a kind we do not know",
  unmapped: "of instruments we do not know",
  malformed: "that can not be read",
  unpriced: "without a price",
  untimed: "without a time",
  clock_suspect: "whose time can not be",
};

/** What each cause of silence means (docs/decisions/silence-is-told-apart.md). */
const CAUSES: Record<string, string> = {
  live: "trades come",
  quiet: "nothing is traded, and that is nothing unusual",
  closed: "the exchange does not trade now",
  halted: "nothing is traded where something should be, as the provider confirms",
  stalled: "there are trades, and the line brings none of them",
  disconnected: "there is no line at present",
  token_dead: "the provider no longer takes our token",
  subscription_lost: "others' trades come, but none of this instrument",
  mapping_dead: "the provider knows no instrument under our id",
  not_carried: "no line has it any more",
  fallback: "no feed brings it, and its last trades are asked for",
};

export function causeText(cause: string): string {
  return CAUSES[cause] ?? cause;
}

export function linesOf({ feeds, packets }: Feeds): LineRow[] {
  return Object.entries(feeds)
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([name, told]) => ({
      ...told,
      name,
      provider: name.slice(0, name.lastIndexOf("/")),
      packets: packets[name] ?? {},
    }));
}

/** All that carry something, or did lately. */
export function carriersOf({ carried, measures }: Feeds): CarrierRow[] {
  const providers = new Set([...Object.values(carried).flatMap(Object.keys), ...Object.keys(measures)]);
  return [...providers].sort().map((provider) => ({
    provider,
    exchanges: Object.entries(carried)
      .flatMap(([exchange, counts]): [string, number][] => {
        const count = counts[provider];
        return count === undefined ? [] : [[exchange, count]];
      })
      .sort(([one], [other]) => one.localeCompare(other)),
    measure: measures[provider] ?? {},
  }));
}

export function lagText({ lag_ms, lag_p95_ms }: Measure): string {
  if (lag_ms === undefined || lag_p95_ms === undefined) {
    return "not known";
  }
  return `${whole(Math.round(lag_ms))} ms, 95 of 100 within ${whole(Math.round(lag_p95_ms))} ms`;
}

export function wholeText({ complete }: Measure): string {
  return complete === undefined ? "not known" : `${(Math.floor(complete * 1000) / 10).toFixed(1)} %`;
}

/** What is wrong with its packets, each with its count; empty when nothing is. */
export function troublesOf(packets: Packets): string[] {
  return Object.entries(TROUBLES)
    .filter(([name]) => numberOf(packets, name) > 0)
    .map(([name, words]) => `${numberOf(packets, name)} packets ${words}`);
}

export function numberOf(packets: Packets, name: string): number {
  const value = packets[name];
  return typeof value === "number" ? value : 0;
}

/** Of all feeds together; each process tells its counts every second. */
export function totalsOf(counters: Record<string, number>, atMs: number): Reading[] {
  return COUNTED.map((key) => ({ key, count: counters[key] ?? 0, atMs }));
}
