import { describe, expect, it } from "vitest";
import type { StatusTold } from "@/socket/messages";
import { hindranceWords, statusWords, supplyWords } from "./words";

const told = (status: StatusTold["status"], why = ""): StatusTold => ({ status, since: 0, why, cause: "" });
const AWAY = { is: "away", why: "the connection broke", tries: 1, againAt: 0 } as const;

describe("the status of an instrument", () => {
  it("is said with the reason", () => {
    expect(statusWords(told("stale", "no tick for 40 s"), undefined, true)).toBe("Stale: no tick for 40 s");
  });
  it("is live only once there is a price", () => {
    expect(statusWords(told("live"), undefined, true)).toBe("Live");
    expect(statusWords(told("live"), undefined, false)).toBe("No price yet");
  });
  it("says why it is not followed, whatever else is known", () => {
    expect(statusWords(told("live"), "Unknown symbol: 'NSE:NOPE'", true)).toBe(
      "Not followed: Unknown symbol: 'NSE:NOPE'",
    );
  });
});

describe("how prices come", () => {
  it("is said while they come by themselves", () => {
    expect(supplyWords({ is: "open" }, undefined)).toBe("Live prices.");
    expect(supplyWords({ is: "connecting", tries: 0 }, undefined)).toBe("Connecting for live prices…");
  });
  it("stays the same words through every try to come back", () => {
    expect(supplyWords(AWAY, undefined)).toContain("every 1.5 s");
    expect(supplyWords({ is: "connecting", tries: 1 }, undefined)).toBe(supplyWords(AWAY, undefined));
  });
  it("says so when asking fails too", () => {
    const words = supplyWords(AWAY, { status: 0, detail: "The server can not be reached.", code: "away" });
    expect(words).toContain("The server can not be reached.");
    expect(words).toContain("old");
  });
  it("says why the server wants us no more", () => {
    expect(supplyWords({ is: "refused", why: "too many sockets", code: 3504 }, undefined)).toContain(
      "too many sockets",
    );
  });
});

describe("what keeps a list from being live", () => {
  it("is nothing while all are", () => {
    expect(hindranceWords(["NSE:A", "NSE:B"], { "NSE:A": told("live") })).toBe("");
  });
  it("is that the market is closed when all are", () => {
    expect(hindranceWords(["NSE:A"], { "NSE:A": told("closed") })).toContain("The market is closed");
  });
  it("is counted, of this list only", () => {
    const statuses = { "NSE:A": told("stale"), "NSE:B": told("unmapped"), "NSE:ELSE": told("stale") };
    expect(hindranceWords(["NSE:A", "NSE:B", "NSE:C"], statuses)).toBe("Stale: 1 of 3. Not mapped: 1 of 3.");
  });
});
