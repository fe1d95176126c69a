/** Rings for each entry of a table that has changed, so that a frame costs what changed in it and not what is shown. */

type Ring = () => void;
export type Entries<T> = Readonly<Record<string, T>>;

export class Bells<T> {
  private readonly rings = new Map<string, Set<Ring>>();
  private heard: Entries<T>;

  constructor(private readonly entries: () => Entries<T>) {
    this.heard = entries();
  }

  /** Returns how to hear no more. */
  listen(key: string, ring: Ring): () => void {
    const all = this.rings.get(key) ?? new Set();
    this.rings.set(key, all.add(ring));
    return () => {
      all.delete(ring);
      if (all.size === 0 && this.rings.get(key) === all) {
        this.rings.delete(key);
      }
    };
  }

  /** To be called whenever the table may be another one. */
  look(): void {
    const before = this.heard;
    this.heard = this.entries();
    if (before === this.heard) {
      return;
    }
    for (const [key, rings] of this.rings) {
      if (before[key] !== this.heard[key]) {
        for (const ring of rings) {
          ring();
        }
      }
    }
  }
}
