/** The server's time, told every few seconds: one timer for all that show how old something is. */

const TICK_MS = 5_000;

export class MarketClock {
  /** The server's time at the last tick; it stands still between ticks. */
  nowMs = Date.now();
  private aheadMs = 0;
  private readonly rings = new Set<() => void>();
  private timer: ReturnType<typeof setInterval> | undefined;

  /** What the server says the time is: a computer's own clock may be minutes wrong. */
  tell(serverMs: number): void {
    this.aheadMs = serverMs - Date.now();
    this.tick();
  }

  /** Returns how to hear no more; it runs while somebody listens. */
  listen(ring: () => void): () => void {
    if (this.rings.size === 0) {
      this.nowMs = Date.now() + this.aheadMs;
      this.timer = setInterval(() => this.tick(), TICK_MS);
    }
    this.rings.add(ring);
    return () => {
      this.rings.delete(ring);
      if (this.rings.size === 0) {
        clearInterval(this.timer);
      }
    };
  }

  private tick(): void {
    this.nowMs = Date.now() + this.aheadMs;
    for (const ring of this.rings) {
      ring();
    }
  }
}

export const marketClock = new MarketClock();
