import { describe, expect, it } from "vitest";
import { chain, leg } from "@/testing/chain";
import {
  ageWords,
  doubt,
  forwardWords,
  lackWords,
  leftWords,
  oldWords,
  reasonWords,
  sinceWords,
  strikeWords,
} from "./words";

describe("words of a chain", () => {
  it("name where the forward comes from", () => {
    expect(forwardWords(chain())).toBe("from NFO:NIFTY24NOV26FUT");
    expect(forwardWords(chain({ forward_source: "parity" }))).toBe("from put-call parity");
    expect(forwardWords(chain({ forward_source: "spot" }))).toBe("from the spot price at 6.5% a year");
    expect(forwardWords(chain({ forward_source: "old_parity" }))).toBe("from put-call parity of old prices");
    expect(forwardWords(chain({ forward_source: null }))).toBe("");
  });

  it("say since when open interest has changed", () => {
    expect(sinceWords(chain()).close).toBe("Change since close of 2026-11-20");
    expect(sinceWords(chain()).open).toBe("Change since open of 2026-11-21");
    expect(sinceWords(chain({ previous_day: null })).close).toBe("Change since close");
  });

  it("say why a price is to be doubted, and nothing of a good one", () => {
    expect(doubt(leg())).toBe("");
    expect(doubt(leg({ quality: "stale", quote_age_ms: 95_000 }))).toBe("old: 2 min");
    expect(doubt(leg({ quality: "below_intrinsic" }))).toBe("below intrinsic");
    expect(reasonWords("no_time_left")).toBe("no time left");
  });

  it("tell how old a quote is and how long an option has", () => {
    expect([0, 4_240, 12_000, 600_000, 7_200_000].map(ageWords)).toEqual(["0.0 s", "4.2 s", "12 s", "10 min", "2 h"]);
    const left = (ms: number) => leftWords(ms, 0);
    expect([0, 90_000, 7_200_000, 250_000_000].map(left)).toEqual(["over", "2 min", "2 h", "2 days"]);
  });

  it("say of what the chain goes by that it is old, and nothing while it is fresh", () => {
    expect([null, 400, 60_000].map(oldWords)).toEqual(["", "", ""]);
    expect(oldWords(5 * 3_600_000)).toBe("5 h old");
  });

  it("say once why figures of the whole chain are not known", () => {
    const lacking = chain({ reasons: { pcr_oi: "not_heard", pcr_volume: "not_heard", atm_iv: "no_time_value" } });
    expect(lackWords(lacking, "spot")).toBe("");
    expect(lackWords(lacking, "pcr_oi", "pcr_volume")).toBe("not known: nothing has told it yet");
    expect(lackWords(lacking, "atm_iv")).toBe("not known: no time value");
  });

  it("write strikes with decimals where they have some", () => {
    expect([26_050, 192.5].map(strikeWords)).toEqual(["26,050", "192.50"]);
  });
});
