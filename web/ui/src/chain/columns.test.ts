import { describe, expect, it } from "vitest";
import { leg } from "@/testing/chain";
import { type ColumnKey, columnOf } from "./columns";

describe("a column", () => {
  it("tells a change with its sign and colour, and what is not known as a dash without one", () => {
    expect(shown("oiChange", { oi_change: 1_240_000 })).toEqual(["+1.24M", "up", ""]);
    expect(shown("oiToday", { oi_change_open: -75 })).toEqual(["−75", "down", ""]);
    expect(shown("oiChange", { oi_change: 0 })).toEqual(["0", "", ""]);
    expect(shown("oiChange", { oi_change: null })).toEqual(["–", "", ""]);
  });

  it("says why a change of open interest is not known", () => {
    const reasons = { oi_change: "no_baseline" };
    const note = "not known: what the change is counted from is not known";
    expect(shown("oiChange", { oi_change: null, reasons })).toEqual(["–", "", note]);
    expect(shown("oiToday", { oi_change_open: 75, reasons })[2]).toBe("");
    expect(shown("oi", { oi: null, reasons: { oi: "not_heard" } })[2]).toBe("not known: nothing has told it yet");
  });

  it("colours a price by its previous close", () => {
    expect(shown("ltp", { ltp: 100, previous_close: 90 })).toEqual(["100.00", "up", ""]);
    expect(shown("ltp", { ltp: 100, previous_close: null })[1]).toBe("");
  });

  it("says why there is no volatility", () => {
    expect(shown("iv", { iv: null, reason: "below_intrinsic" })).toEqual(["–", "", "below intrinsic"]);
    expect(shown("iv", { iv: 12.54, reason: null })).toEqual(["12.5", "", ""]);
  });

  it("names a build-up shortly and explains it", () => {
    const [text, tone, note] = shown("buildUp", { build_up: "short_covering" });
    expect([text, tone]).toEqual(["Cover", "up"]);
    expect(note).toContain("sellers leave");
  });

  it("tells what was asked for from what was heard", () => {
    expect(shown("age", { quote_age_ms: 400, polled: true })).toEqual(["0.4 s", "", "asked for, not heard on a feed"]);
    expect(shown("age", { quote_age_ms: null })[0]).toBe("–");
  });
});

function shown(key: ColumnKey, more: Parameters<typeof leg>[0]) {
  const column = columnOf(key);
  const one = leg(more);
  return [column.text(one), column.tone?.(one) ?? "", column.note?.(one) ?? ""];
}
