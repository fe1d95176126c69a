import { expect, it } from "vitest";
import { makeStore } from "@/app/store";
import { pushed, refused } from "@/testing/pushed";

it("a channel is refused until something comes of it", () => {
  const store = makeStore();
  const names = () => Object.keys(store.getState().statuses.refused);

  store.dispatch(refused("the token has expired", "depth.NSE:TCS", "chain.NSE:TCS.2026-11-26"));
  store.dispatch(pushed(["depth.NSE:INFY", {}], ["chain.NSE:TCS.2026-11-26", {}]));
  expect(names()).toEqual(["depth.NSE:TCS"]);
  store.dispatch(pushed(["depth.NSE:TCS", {}]));
  expect(names()).toEqual([]);
});
