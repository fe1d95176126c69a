import { expect, it } from "vitest";
import { chain, strikes } from "@/testing/chain";
import { around, atTheMoney, channelOf } from "./snapshot";

it("a chain knows its row at the money, where anybody does", () => {
  expect(atTheMoney(chain())).toBe(2);
  expect(atTheMoney(chain({ atm: null }))).toBe(-1);
});

it("the strikes around the money end where the chain does, and are its middle while nobody knows the money", () => {
  const shown = (...wish: Parameters<typeof around>) => around(...wish).map(({ strike }) => strike);
  expect(shown(chain(), 1)).toEqual([26_000, 26_050, 26_100]);
  expect(shown(chain({ atm: 26_150 }), 1)).toEqual([26_100, 26_150]);
  expect(shown(chain({ atm: null, strikes: strikes(1, 2, 3) }), 0)).toEqual([2]);
  expect(shown(chain(), null)).toHaveLength(5);
});

it("a chain's channel is called as the server calls it", () => {
  expect(channelOf("NSE:NIFTY", "2026-11-24")).toBe("chain.NSE:NIFTY.2026-11-24");
});
