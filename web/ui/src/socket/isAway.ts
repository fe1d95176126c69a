import type { LineState } from "./line";

/** Whether prices do not come by themselves; not while the page connects for the first time. */
export function isAway(line: LineState): boolean {
  return line.is === "away" || line.is === "refused" || (line.is === "connecting" && line.tries > 0);
}
