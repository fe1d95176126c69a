/** Where values stand in a picture. All places are fractions: 0 is left or below, 1 right or above. */

export interface Range {
  low: number;
  high: number;
}

export type Value = number | null;

/** What holds all values, with some air around lines; bars always stand on zero. */
export function rangeOf(values: Iterable<Value>, isFromZero: boolean): Range {
  let low = isFromZero ? 0 : Number.POSITIVE_INFINITY;
  let high = isFromZero ? 0 : Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value !== null) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) {
    return { low: 0, high: 1 };
  }
  const air = low === high ? Math.abs(low) * 0.05 || 1 : (high - low) * 0.06;
  return {
    low: isFromZero && low === 0 ? 0 : low - air,
    high: isFromZero && high === 0 && low < 0 ? 0 : high + air,
  };
}

export function placeIn({ low, high }: Range, value: number): number {
  return (value - low) / (high - low);
}

const STEPS = [1, 2, 2.5, 5, 10];

/** Round values within a range, at most so many, lowest first. */
export function roundValues({ low, high }: Range, most: number): number[] {
  const least = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * (STEPS.find((one) => one * power >= least * (1 - 1e-9)) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
}

/** The middles of so many bands of equal width. */
export function bands(count: number): number[] {
  return Array.from({ length: count }, (_, index) => (index + 0.5) / count);
}

/** Where a value stands among rising ones whose places are known; null: it is not among them. */
export function between(values: readonly number[], places: readonly number[], value: number): number | null {
  const after = values.findIndex((one) => one >= value);
  const [high, highPlace] = [values[after], places[after]];
  if (high === undefined || highPlace === undefined) {
    return null;
  }
  if (high === value) {
    return highPlace;
  }
  const [low, lowPlace] = [values[after - 1], places[after - 1]];
  if (low === undefined || lowPlace === undefined) {
    return null;
  }
  return lowPlace + ((value - low) / (high - low)) * (highPlace - lowPlace);
}

/** The index whose place is nearest. */
export function nearest(places: readonly number[], place: number): number {
  let best = 0;
  for (const [index, one] of places.entries()) {
    if (Math.abs(one - place) < Math.abs((places[best] as number) - place)) {
      best = index;
    }
  }
  return best;
}

/** Indices to label: the first, and each that is far enough from the one before, so that they are at most so many. */
export function labelled(places: readonly number[], most: number): number[] {
  const found: number[] = [];
  let free = 0;
  for (const [index, place] of places.entries()) {
    if (place >= free) {
      found.push(index);
      free = place + 1 / most;
    }
  }
  return found;
}

/** How many decimals tell one of these values from the next. */
export function decimalsOf(values: readonly number[]): number {
  const [first = 0, second = first + 1] = values;
  const digits = -Math.floor(Math.log10(second - first) + 1e-9);
  const isWhole = Math.abs((second - first) * 10 ** digits - Math.round((second - first) * 10 ** digits)) < 1e-6;
  return Math.max(0, isWhole ? digits : digits + 1);
}
