import { expect, it } from "vitest";
import { titleOf } from "./Shell";

it.each([
  ["/watchlist", "Watchlist · ticktree"],
  ["/chart/NSE%3ATCS", "NSE:TCS · Chart · ticktree"],
  ["/operations/dead-letters", "dead-letters · Operations · ticktree"],
  ["/chart/%E0", "%E0 · Chart · ticktree"],
  ["/charts", "ticktree"],
])("%s is called %s", (pathname, title) => {
  expect(titleOf(pathname)).toBe(title);
});
