import { expect, it } from "vitest";
import { choices, listNamed } from "./lists";

it("reads the names that preferences keep", () => {
  expect(listNamed("screener:swing")).toEqual({ kind: "screener", id: "swing" });
  expect(listNamed("watchlist:12")).toEqual({ kind: "watchlist", id: 12 });
});

it.each(["", "screener:", "watchlist:0", "watchlist:x", "watchlist:1e3", "else:1"])("knows no list %j", (written) => {
  expect(listNamed(written)).toBeNull();
});

it("puts one's own lists after the screeners", () => {
  const own = { id: 3, name: "Tech", instruments: ["NSE:TCS"] };
  const all = choices(
    [{ id: "swing", name: "Swing", description: "Moves.", count: 24, is_own: false, can_run: true }],
    [own],
  );
  expect(all.map(({ key }) => key)).toEqual(["screener:swing", "watchlist:3"]);
  expect(all.map((choice) => choice.own)).toEqual([null, own]);
});
