import { expect, it } from "vitest";
import { makeStore } from "@/app/store";
import type { Batch } from "@/socket/batch";
import { received } from "@/socket/batch";

const NOTHING: Batch = { quotes: [], candles: [], statuses: [], told: [], refused: [], holes: [], notices: [] };

function told(...channels: string[]): Batch {
  return { ...NOTHING, told: channels.map((channel) => ({ channel, data: {} })) };
}

function refused(...channels: string[]): Batch {
  const error = { code: 410, message: "the token has expired", temporary: true };
  return { ...NOTHING, refused: channels.map((channel) => ({ channel, error })) };
}

it("a channel is refused until something comes of it", () => {
  const store = makeStore();
  const names = () => Object.keys(store.getState().statuses.refused);

  store.dispatch(received(refused("depth.NSE:TCS", "chain.NSE:TCS.2026-11-26")));
  store.dispatch(received(told("depth.NSE:INFY", "chain.NSE:TCS.2026-11-26")));
  expect(names()).toEqual(["depth.NSE:TCS"]);
  store.dispatch(received(told("depth.NSE:TCS")));
  expect(names()).toEqual([]);
});
