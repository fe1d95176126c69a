/** Times as people read them. All arguments are milliseconds UTC. */

/** How long ago, short: `now`, `12 s`, `5 min`, `3 h`, `2 d`. */
export function age(thenMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - thenMs) / 1000));
  if (seconds < 2) {
    return "now";
  }
  if (seconds < 90) {
    return `${seconds} s`;
  }
  if (seconds < 90 * 60) {
    return `${Math.round(seconds / 60)} min`;
  }
  return seconds < 36 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** The same as a sentence's end: `5 min ago`, `just now`. */
export function ago(thenMs: number, nowMs: number): string {
  const told = age(thenMs, nowMs);
  return told === "now" ? "just now" : `${told} ago`;
}

/** Date and time of day in a zone, as `2026-11-20 09:15:00`. */
export function moment(ms: number, zone: string): string {
  const parts = zoned(zone).format(ms);
  return parts.replace(",", "");
}

const formats = new Map<string, Intl.DateTimeFormat>();

function zoned(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    // Swedish writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone: zone });
    formats.set(zone, format);
  }
  return format;
}
