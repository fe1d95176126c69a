/** What a result comes to, in words. */

import { price, short, whole } from "@/formats/numbers";
import type { Result } from "./endpoints";

export function resultWords({ found, examined, undecided, stale, missing, matches }: Result): string {
  const head = `${whole(found)} of ${whole(examined)} match${matches.length < found ? `, the first ${whole(matches.length)} are shown` : ""}.`;
  const rest = [
    undecided > 0 && `${whole(undecided)} have too few bars`,
    stale > 0 && `${whole(stale)} did not trade lately`,
    missing > 0 && `${whole(missing)} have no bars here`,
  ].filter(Boolean);
  return rest.length > 0 ? `${head} Beside them ${rest.join(", ")}.` : head;
}

/** A value with as many decimals as it takes to tell it from another. */
export function valueWords(value: number | null | undefined): string {
  if (value === null || value === undefined) {
    return "–";
  }
  const size = Math.abs(value);
  return size >= 1e6 ? short(value) : price(value, size >= 1 || size === 0 ? 2 : 4);
}
