import { describe, expect, it } from "vitest";
import { countsText, datesOf, levelOf, moved, percentText, startOf, wordOf } from "./completeness";
import type { Counts, SessionCounts } from "./models";

function counts(more: Partial<Counts>): Counts {
  return {
    expected: 375,
    traded: 0,
    empty: 0,
    missing: 0,
    healing: 0,
    unresolvable: 0,
    archived: 0,
    percentage: 100,
    ...more,
  };
}

function session(date: string): SessionCounts {
  return { ...counts({}), date, start: 0, end: 1, gaps: [] };
}

describe("a cell", () => {
  it.each([
    [counts({ traded: 375 }), "100%", "complete", "full"],
    [counts({ missing: 1, percentage: 99.9973 }), "99.9%", "missing", "most"],
    [counts({ missing: 1, healing: 2, percentage: 40 }), "40.0%", "healing", "some"],
    [counts({ unresolvable: 375, percentage: 0 }), "0%", "unresolvable", "none"],
    [counts({ archived: 375 }), "100%", "archived", "full"],
    [counts({ expected: 0 }), "–", "nothing due", "nothing due"],
  ])("says how complete %o is, never rounded up", (told, percent, word, level) => {
    expect([percentText(told), wordOf(told), levelOf(told)]).toEqual([percent, word, level]);
  });
});

describe("the words of a day", () => {
  it("tell of what is missing or being healed beside what is archived", () => {
    const told = countsText(counts({ traded: 360, missing: 9, healing: 4, unresolvable: 1, archived: 1 }));
    expect(told).toContain("9 are missing, 4 are being healed, and 1 nobody has. 1 are in the archive");
  });

  it("say nothing else of a day that is archived, and nothing of an archive of one that is not", () => {
    expect(countsText(counts({ archived: 375 }))).toBe(
      "All 375 minutes are in the archive and not held any more: see ticktree restore.",
    );
    expect(countsText(counts({ traded: 375 }))).not.toContain("archive");
  });
});

it("the days of all instruments are the columns, each once, in order", () => {
  const item = (...dates: string[]) => ({
    ...counts({}),
    symbol: "A",
    instrument: "NSE:A",
    sessions: dates.map(session),
  });
  expect(datesOf([item("2026-11-20", "2026-11-19"), item("2026-11-20", "2026-11-21")])).toEqual([
    "2026-11-19",
    "2026-11-20",
    "2026-11-21",
  ]);
});

it("arrow keys walk from cell to cell and stop at the border", () => {
  expect(moved({ row: 0, column: 0 }, "ArrowUp", 3, 7)).toEqual({ row: 0, column: 0 });
  expect(moved({ row: 0, column: 0 }, "ArrowDown", 3, 7)).toEqual({ row: 1, column: 0 });
  expect(moved({ row: 2, column: 6 }, "ArrowRight", 3, 7)).toEqual({ row: 2, column: 6 });
  expect(moved({ row: 2, column: 6 }, "Home", 3, 7)).toEqual({ row: 2, column: 0 });
  expect(moved({ row: 2, column: 6 }, "Enter", 3, 7)).toBeNull();
});

it("the last seven days begin six days ago", () => {
  expect(startOf(7, Date.UTC(2026, 10, 21, 9))).toBe("2026-11-15");
});
