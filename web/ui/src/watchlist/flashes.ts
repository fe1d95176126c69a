/** Colours a cell for a moment. One timer takes all colours away: hundreds of running animations would be too dear. */

export const FLASH_MS = 400;
const SWEEP_MS = 100;

export class Flashes {
  private readonly until = new Map<HTMLElement, number>();
  private sweeping: ReturnType<typeof setInterval> | undefined;

  show(cell: HTMLElement, direction: "up" | "down"): void {
    cell.dataset.flash = direction;
    this.until.set(cell, performance.now() + FLASH_MS);
    this.sweeping ??= setInterval(() => this.sweep(), SWEEP_MS);
  }

  forget(cell: HTMLElement): void {
    this.until.delete(cell);
  }

  private sweep(): void {
    const now = performance.now();
    for (const [cell, until] of this.until) {
      if (until <= now) {
        delete cell.dataset.flash;
        this.until.delete(cell);
      }
    }
    if (this.until.size === 0) {
      clearInterval(this.sweeping);
      this.sweeping = undefined;
    }
  }
}

export const flashes = new Flashes();
