import { afterEach, describe, expect, it, vi } from "vitest";
import { type Batch, Gathering } from "./batch";
import type { CandleData, CandleState, QuoteData } from "./messages";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("gathering", () => {
  it("tells once a frame, of each price the newest", () => {
    const { gathering, frame, told } = set();
    gathering.add([quote("NSE:TCS", 1), quote("NSE:INFY", 5)]);
    gathering.add([quote("NSE:TCS", 2)]);
    expect(told).toHaveLength(0);
    frame();

    expect(told.map((batch) => batch.quotes.map((one) => one.ltp))).toEqual([[2, 5]]);
  });

  it("keeps every final candle, in order, and of a forming one the newest", () => {
    const { gathering, frame, told } = set();
    gathering.add([
      candle(1, "forming"),
      candle(1, "forming"),
      candle(1, "final"),
      candle(1, "revised"),
      candle(2, "forming"),
    ]);
    frame();

    expect(told[0]?.candles.map(({ data }) => [data.time, data.state])).toEqual([
      [1, "final"],
      [1, "revised"],
      [2, "forming"],
    ]);
  });

  it("asks for the next frame only when there is something to tell", () => {
    const { gathering, frame, told } = set();
    gathering.add([]);
    frame();
    gathering.add([quote("NSE:TCS", 1)]);
    frame();
    frame();

    expect(told).toHaveLength(1);
  });
});

it("gathers no longer than a second, also when the page is hidden while it waits for its frame", () => {
  vi.useFakeTimers();
  vi.stubGlobal("requestAnimationFrame", () => 1);
  vi.stubGlobal("cancelAnimationFrame", () => undefined);
  const told: Batch[] = [];
  const gathering = new Gathering((batch) => told.push(batch));
  gathering.add([quote("NSE:TCS", 1)]);
  vi.advanceTimersByTime(1_000);
  gathering.add([quote("NSE:TCS", 2)]);
  vi.advanceTimersByTime(1_000);

  expect(told).toHaveLength(2);
});

function set() {
  const told: Batch[] = [];
  const due: (() => void)[] = [];
  const gathering = new Gathering(
    (batch) => told.push(batch),
    (flush) => due.push(flush),
  );
  return { gathering, told, frame: () => due.shift()?.() };
}

function quote(instrument: string, ltp: number) {
  const data: QuoteData = { instrument, symbol: instrument, ltp, size: 1, volume: 1, timestamp: 1 };
  return { kind: "quote" as const, data };
}

function candle(time: number, state: CandleState) {
  const data = { instrument: "NSE:TCS", symbol: "NSE:TCS", timeframe: "1m", time, state, rev: 0 } as CandleData;
  return { kind: "candle" as const, channel: "candle.NSE:TCS.1m", data };
}
