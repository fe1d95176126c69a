import { expect, it } from "vitest";
import { endText, entryOf, inForceText, stateOf } from "./credentials";
import type { InForce } from "./models";

const NOW = 1_795_252_564_000;
const HOUR = 3_600_000;
const used: InForce = { identity: "1100012345", source: "admin", expires_at: NOW + 5 * HOUR };

it("what is in force ends soon two hours before its end, and has ended after it", () => {
  expect(stateOf(used, NOW)).toBe("in force");
  expect(stateOf(used, NOW + 4 * HOUR)).toBe("ends soon");
  expect(stateOf(used, NOW + 5 * HOUR)).toBe("ended");
  expect(stateOf({ ...used, expires_at: null }, NOW)).toBe("in force");
  expect(stateOf(null, NOW)).toBe("none");
});

it("an end is told by how far away it is", () => {
  expect(endText(NOW + 5 * HOUR, NOW)).toBe("in 5 h");
  expect(endText(NOW - 3 * HOUR, NOW)).toBe("3 h ago");
  expect(endText(null, NOW)).toBe("when its provider says");
});

it("what the engine uses is told in a sentence", () => {
  expect(inForceText(used, NOW)).toBe("The engine uses one of 1100012345 from this page; it ends in 5 h.");
  expect(inForceText({ ...used, identity: "", source: "totp", expires_at: NOW - HOUR }, NOW)).toBe(
    "The engine uses one from a one-time code; it ended 60 min ago.",
  );
  expect(inForceText(null, NOW)).toContain("No engine uses one now");
});

it("a form is sent without copied blanks, and without what was left empty", () => {
  const fields = new FormData();
  fields.set("identity", " 1100012345 ");
  fields.set("token", "secret\n");
  fields.set("expires_at", "");
  expect(entryOf(fields, { needs_identity: true })).toEqual({ identity: "1100012345", token: "secret" });
  expect(entryOf(fields, { needs_identity: false })).toEqual({ token: "secret" });
  fields.set("expires_at", "2026-11-22T03:00");
  expect(entryOf(fields, { needs_identity: true }).expires_at).toBe(new Date("2026-11-22T03:00").toISOString());
});
