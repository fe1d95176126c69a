/** Corporate actions: as they are announced, and as the server keeps them. */

export type Kind = "split" | "bonus" | "dividend";

export interface CorporateAction {
  id: number;
  instrument: string;
  ex_date: string;
  kind: Kind;
  /** Shares afterwards for each before. */
  ratio: number | null;
  amount: number | null;
  source: string;
  updated_at: string;
}

/** An action as it is entered. */
export interface Entry {
  symbol: string;
  ex_date: string;
  kind: Kind;
  ratio?: number;
  amount?: number;
}

export const KINDS: readonly Kind[] = ["split", "bonus", "dividend"];

/** What is written for each kind, and what that means. */
export const HINTS: Record<Kind, string> = {
  split: "A split 1:5 makes five shares of each; where ten are put together to one, write 10:1.",
  bonus: "A bonus 1:2 gives one share for each two that were held.",
  dividend: "For each share as it was held the day before. Two dividends on one day are entered as their sum.",
};

/** Shares afterwards for each before, of `1:5` or a number; null for what is neither. */
export function ratioOf(kind: Kind, text: string): number | null {
  const numbers = text.split(":").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (numbers.length > 2 || !numbers.every((number) => Number.isFinite(number) && number > 0)) {
    return null;
  }
  const [one = 1, other] = numbers;
  if (other === undefined) {
    return one;
  }
  return kind === "split" ? other / one : (one + other) / other;
}

/** What happened, as it is announced: `Split 1:5`, `Bonus 1:1`, `Dividend of 11 a share`. */
export function actionWords({ kind, ratio, amount }: Pick<CorporateAction, "kind" | "ratio" | "amount">): string {
  if (ratio === null) {
    return `Dividend of ${amount} a share`;
  }
  if (kind === "bonus" && ratio > 1) {
    const [given, held] = fraction(ratio - 1);
    return `Bonus ${given}:${held}`;
  }
  const [after, before] = fraction(ratio);
  return `${kind === "bonus" ? "Bonus, as a split" : "Split"} ${before}:${after}`;
}

const LARGEST = 100;

/** As one whole number over another, where a small one does. */
function fraction(value: number): [number, number] {
  for (let below = 1; below <= LARGEST; below += 1) {
    const above = Math.round(value * below);
    if (above > 0 && Math.abs(value * below - above) < 1e-6) {
      return [above, below];
    }
  }
  return [value, 1];
}

const SOURCES: Record<string, string> = { admin: "an administrator", file: "a file" };

/** Who said so. */
export function sourceText(source: string): string {
  return SOURCES[source] ?? source;
}
