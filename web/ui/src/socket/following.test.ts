import { describe, expect, it } from "vitest";
import { Following } from "./following";
import type { CandleData, Incoming, Position } from "./messages";

const HERE: Position = { epoch: "a", offset: "10-0" };
const CHANNEL = "candle.NSE:TCS.1m";

describe("following", () => {
  it("asks only for what nobody here followed before", () => {
    const following = new Following();

    following.follow(["quote.NSE:TCS", CHANNEL]);
    expect(following.changes()).toMatchObject([{ action: "subscribe", channels: ["quote.NSE:TCS", CHANNEL] }]);
    following.follow(["quote.NSE:TCS"]);
    expect(following.changes()).toEqual([]);
  });

  it("leaves a channel only with its last follower", () => {
    const following = new Following();
    following.follow([CHANNEL, CHANNEL]);
    following.changes();

    following.leave([CHANNEL]);
    expect(following.changes()).toEqual([]);
    following.leave([CHANNEL]);
    expect(following.changes()).toMatchObject([{ action: "unsubscribe", channels: [CHANNEL] }]);
  });

  it("neither leaves nor asks for what is left and followed again in between", () => {
    const following = begun();
    following.leave([CHANNEL]);
    following.follow([CHANNEL, "quote.NSE:TCS"]);

    expect(following.changes()).toMatchObject([{ action: "subscribe", channels: ["quote.NSE:TCS"] }]);
  });

  it("leaves before it asks, so that a full connection has room", () => {
    const following = begun();
    following.leave([CHANNEL]);
    following.follow(["quote.NSE:TCS"]);

    expect(following.changes().map(({ action }) => action)).toEqual(["unsubscribe", "subscribe"]);
  });

  it("goes on from the newest offset it was told", () => {
    const following = begun();
    following.receive(candle(60_000, 0, "11-0"));

    expect(following.begin()).toMatchObject({ channels: [CHANNEL], since: { epoch: "a", offset: "11-0" } });
  });

  it("tells each revision of a candle once", () => {
    const following = begun();

    expect(following.receive(candle(60_000, 0, "11-0"))).toHaveLength(1);
    expect(following.receive(candle(60_000, 0, null))).toHaveLength(0);
    expect(following.receive(candle(60_000, 1, "12-0"))).toHaveLength(1);
  });

  it("tells forming candles as often as they come", () => {
    const following = begun();
    const forming = { ...candle(60_000, 0, null), data: { ...data(60_000, 0), state: "forming" as const } };

    expect([...following.receive(forming), ...following.receive(forming)]).toHaveLength(2);
  });

  it("tells a hole when the server can not go on from where we stood", () => {
    const following = begun();
    const events = following.receive(answer({ epoch: "b", offset: "1-0" }, false));

    expect(events).toEqual([{ kind: "hole", why: "the server could not go on from where we were" }]);
    expect(following.begin()).toMatchObject({ since: { epoch: "b", offset: "1-0" } });
  });

  it("stays silent when the server went on", () => {
    expect(begun().receive(answer(HERE, true))).toEqual([]);
  });

  it("tells a hole when the stream broke under an open socket", () => {
    const events = begun().receive({ type: "lost", position: { epoch: "b", offset: "1-0" } });

    expect(events.map((event) => event.kind)).toEqual(["hole"]);
  });

  it("tells who was refused and why", () => {
    const error = { code: 410, message: "not available here", temporary: false };
    const told: Incoming = {
      id: 1,
      action: "subscribe",
      results: [{ channel: "quote.NSE:NOBODY", ok: false, error }],
      channels: [],
      position: HERE,
    };

    expect(new Following().receive(told)).toEqual([{ kind: "refused", channel: "quote.NSE:NOBODY", error }]);
  });

  it("tells which channel of an instrument is refused later on, and stays where it was", () => {
    const following = begun();
    const failure = { code: 410, message: "the token has expired", temporary: true };
    const told = { type: "error" as const, id: null, symbol: "NSE:TCS", ...failure };
    const refused = (error: Incoming) => following.receive(error).map((event) => "channel" in event && event.channel);

    expect(refused({ ...told, about: "depth.NSE:TCS" })).toEqual(["depth.NSE:TCS"]);
    expect(refused(told)).toEqual(["NSE:TCS"]);
    expect(following.begin()).toMatchObject({ since: HERE });
  });
});

function begun(): Following {
  const following = new Following();
  following.follow([CHANNEL]);
  following.changes();
  following.receive(answer(HERE));
  return following;
}

function answer(position: Position, recovered?: boolean): Incoming {
  const told = { id: 1, action: "subscribe" as const, results: [], channels: [CHANNEL], position };
  return recovered === undefined ? told : { ...told, recovered };
}

function candle(time: number, rev: number, offset: string | null) {
  return { channel: CHANNEL, offset, data: data(time, rev) };
}

function data(time: number, rev: number): CandleData {
  const state = rev === 0 ? "final" : "revised";
  return {
    instrument: "NSE:TCS",
    symbol: "NSE:TCS",
    timeframe: "1m",
    time,
    open: 1,
    high: 2,
    low: 1,
    close: 2,
    volume: 5,
    oi: null,
    state,
    rev,
    source: "feed",
  };
}
