import { expect, it } from "vitest";
import { DEFAULTS, forgotten, loaded, preferencesReducer, preferred } from "./preferences";

const EMPTY = preferencesReducer(undefined, { type: "" });

it("what is chosen before the server's preferences have come stands above them", () => {
  const chosen = preferencesReducer(EMPTY, preferred({ theme: "dark" }));
  const known = preferencesReducer(chosen, loaded({ theme: "light", timeframe: "1h" }));

  expect(known).toEqual({ values: { ...DEFAULTS, theme: "dark", timeframe: "1h" }, early: {}, isLoaded: true });
});

it("nothing is left for the next person", () => {
  const known = preferencesReducer(EMPTY, loaded({ theme: "light" }));

  expect(preferencesReducer(known, forgotten())).toEqual(EMPTY);
});
