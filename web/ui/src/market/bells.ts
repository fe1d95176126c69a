/** Rings for each instrument whose quote has changed, so that a frame costs what changed in it and not what is shown. */

import type { Quotes } from "./quotes";

type Ring = () => void;

export class QuoteBells {
  private readonly rings = new Map<string, Set<Ring>>();
  private heard: Quotes;

  constructor(private readonly quotes: () => Quotes) {
    this.heard = quotes();
  }

  /** Returns how to hear no more. */
  listen(instrument: string, ring: Ring): () => void {
    const all = this.rings.get(instrument) ?? new Set();
    this.rings.set(instrument, all.add(ring));
    return () => {
      all.delete(ring);
      if (all.size === 0) {
        this.rings.delete(instrument);
      }
    };
  }

  /** To be called whenever the store may have changed. */
  look(): void {
    const before = this.heard;
    this.heard = this.quotes();
    if (before === this.heard) {
      return;
    }
    for (const [instrument, rings] of this.rings) {
      if (before[instrument] !== this.heard[instrument]) {
        for (const ring of rings) {
          ring();
        }
      }
    }
  }
}
