/** Numbers as people read them; what is not known is a dash. */

const NONE = "–";

const priceFormats = new Map<number, Intl.NumberFormat>();
const grouped = new Intl.NumberFormat("en-IN");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });

/** A price with so many decimals; where nobody says how many: two, or four where it has more, as currencies do. */
export function price(value: number | null | undefined, decimals?: number): string {
  return value === null || value === undefined
    ? NONE
    : withMinus(priceFormat(decimals ?? decimalsOf(value)).format(value));
}

/** How far it is from before, with its sign: `+12.40`. */
export function change(now: number, before: number | null | undefined): string {
  return before ? signed(now - before, price(Math.abs(now - before))) : NONE;
}

/** How far it is from before in percent: `−0.85%`. */
export function percentChange(now: number, before: number | null | undefined): string {
  if (!before) {
    return NONE;
  }
  const percent = ((now - before) / before) * 100;
  return signed(percent, `${Math.abs(percent).toFixed(2)}%`);
}

/** Whether it is above or below what was before: the class of its colour. */
export function wayOf(now: number, before: number | null | undefined): "up" | "down" | "" {
  if (!before || now === before) {
    return "";
  }
  return now > before ? "up" : "down";
}

/** A whole number in groups. */
export function whole(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : grouped.format(value);
}

/** A large number, short: `1.24M`. */
export function short(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : withMinus(compact.format(value));
}

/** The same of a change, with its sign: `+1.24M`. */
export function shortChange(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : signed(value, short(Math.abs(value)));
}

function decimalsOf(value: number): number {
  const hundredths = value * 100;
  return Math.abs(hundredths - Math.round(hundredths)) < 1e-4 ? 2 : 4;
}

/** A hyphen is shorter than a plus, and may end a line. */
function withMinus(written: string): string {
  return written.replace("-", "−");
}

function signed(value: number, absolute: string): string {
  if (!/[1-9]/.test(absolute)) {
    return absolute;
  }
  return `${value > 0 ? "+" : "−"}${absolute}`;
}

function priceFormat(decimals: number): Intl.NumberFormat {
  let format = priceFormats.get(decimals);
  if (format === undefined) {
    format = new Intl.NumberFormat("en-IN", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      signDisplay: "negative",
    });
    priceFormats.set(decimals, format);
  }
  return format;
}
