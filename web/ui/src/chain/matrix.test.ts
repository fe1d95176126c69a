import { describe, expect, it } from "vitest";
import type { Instrument } from "@/market/instruments";
import { atTheMoney, expiries, frontFuture, rowsOf, spotOf } from "./matrix";

const CONTRACTS = [
  option("2026-12-29", 25_900, "CE"),
  option("2026-11-24", 25_900, "PE"),
  option("2026-11-24", 25_800, "CE"),
  option("2026-11-24", 25_900, "CE"),
];

describe("the chain", () => {
  it("has its expiries soonest first", () => {
    expect(expiries(CONTRACTS)).toEqual(["2026-11-24", "2026-12-29"]);
  });

  it("has a row for each strike, also where one side is missing", () => {
    expect(rowsOf(CONTRACTS, "2026-11-24")).toEqual([
      { strike: 25_800, call: "NFO:2026-11-24-25800-CE", put: null },
      { strike: 25_900, call: "NFO:2026-11-24-25900-CE", put: "NFO:2026-11-24-25900-PE" },
    ]);
  });

  it("is at the money where the strike is nearest", () => {
    const rows = rowsOf(CONTRACTS, "2026-11-24");

    expect(atTheMoney(rows, 25_861)).toBe(1);
    expect(atTheMoney(rows, null)).toBe(-1);
    expect(atTheMoney([], 25_861)).toBe(-1);
  });

  it("looks at the future that ends next", () => {
    const futures = ["2026-12-29", "2026-11-24", "2026-10-27"].map((expiry) => contract({ kind: "future", expiry }));

    expect(frontFuture(futures, "2026-11-21")?.expiry).toBe("2026-11-24");
    expect(frontFuture(futures, "2027-01-01")).toBeNull();
  });

  it("knows the underlying from what is only named like it", () => {
    const found = [contract({ symbol: "NIFTYBEES", kind: "equity" }), contract({ symbol: "NIFTY", kind: "index" })];

    expect(spotOf(found, "NIFTY")?.kind).toBe("index");
    expect(spotOf(found, "BANKNIFTY")).toBeNull();
  });
});

function option(expiry: string, strike: number, side: "CE" | "PE"): Instrument {
  return contract({ kind: "option", instrument: `NFO:${expiry}-${strike}-${side}`, expiry, strike, option_type: side });
}

function contract(more: Partial<Instrument>): Instrument {
  return {
    instrument: "NFO:X",
    symbol: "X",
    exchange: "NFO",
    kind: "option",
    name: "",
    lot_size: 1,
    tick_size: 0.05,
    expiry: null,
    strike: null,
    option_type: null,
    underlying: "NIFTY",
    ...more,
  };
}
