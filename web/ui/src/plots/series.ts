/** What a plot draws. */

import type { Value } from "./scale";

export type Tone = "call" | "put" | "plain";

export interface Series {
  name: string;
  tone: Tone;
  values: readonly Value[];
  /** What is to be known of each value; empty: nothing. */
  notes?: readonly string[];
}

/** Something that stands at a place of its own, as the spot price among the strikes. */
export interface Mark {
  name: string;
  place: number | null;
}
