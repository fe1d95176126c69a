/** Which list is looked at: a screener or one of one's own, as the preferences name it. */

import type { ScreenerLine, Watchlist } from "./endpoints";

export type ListName = { kind: "screener"; id: string } | { kind: "watchlist"; id: number };

/** What `screener:ID` or `watchlist:ID` names; null for anything else. */
export function listNamed(written: string): ListName | null {
  const [kind, id = ""] = written.split(/:(.*)/s);
  if (kind === "screener" && id !== "") {
    return { kind, id };
  }
  return kind === "watchlist" && /^[1-9]\d*$/.test(id) ? { kind, id: Number(id) } : null;
}

export interface Choice {
  key: string;
  name: string;
  description: string;
  /** Set when it is one's own. */
  own: Watchlist | null;
}

/** The lists there are; screeners as the server has them, one's own by name. */
export function choices(screeners: readonly ScreenerLine[], watchlists: readonly Watchlist[]): Choice[] {
  return [
    ...screeners.map(({ id, name, description }) => ({ key: `screener:${id}`, name, description, own: null })),
    ...watchlists.map((own) => ({ key: `watchlist:${own.id}`, name: own.name, description: "", own })),
  ];
}
