import { decode, encode } from "@msgpack/msgpack";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Event } from "./following";
import { Line, type LineState } from "./line";

const ANSWER = { id: 1, action: "subscribe", results: [], channels: [], position: { epoch: "a", offset: "1-0" } };

/** The browser's end of a wire whose other end the test holds. */
class Wire {
  readyState = 0;
  binaryType = "";
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((close: { code: number; reason: string }) => void) | null = null;

  send(bytes: Uint8Array): void {
    this.sent.push(decode(bytes) as Record<string, unknown>);
  }

  close(): void {
    this.readyState = 3;
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  tells(message: unknown): void {
    this.onmessage?.({ data: encode(message).slice().buffer });
  }

  breaks(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

describe("a line", () => {
  let wires: Wire[];
  let states: LineState[];
  let events: Event[];

  beforeEach(() => {
    vi.useFakeTimers();
    wires = [];
    states = [];
    events = [];
  });

  afterEach(() => vi.useRealTimers());

  function line(token: (isRefused: boolean) => Promise<string | null> = async () => "token"): Line {
    return new Line({
      address: "ws://here/ws",
      token,
      onEvents: (told) => events.push(...told),
      onState: (state) => states.push(state),
      open: () => {
        const wire = new Wire();
        wires.push(wire);
        return wire as unknown as WebSocket;
      },
      random: () => 1,
    });
  }

  async function opened(one = line()): Promise<{ line: Line; wire: Wire }> {
    one.follow(["quote.NSE:TCS"]);
    one.start();
    await vi.advanceTimersByTimeAsync(0);
    const wire = newest();
    wire.opens();
    wire.tells(ANSWER);
    return { line: one, wire };
  }

  function newest(): Wire {
    const wire = wires.at(-1);
    if (wire === undefined) {
      throw new Error("no wire was opened");
    }
    return wire;
  }

  it("signs in, asks for all that is followed, and is open with the answer", async () => {
    const { wire } = await opened();

    expect(wire.sent).toMatchObject([
      { action: "auth", token: "token" },
      { action: "subscribe", channels: ["quote.NSE:TCS"] },
    ]);
    expect(states.at(-1)).toEqual({ is: "open" });
  });

  it("comes back after a pause that grows, and resumes", async () => {
    const { wire } = await opened();
    wire.breaks(1012, "restarting");

    expect(states.at(-1)).toMatchObject({ is: "away", why: "restarting", tries: 1 });
    await vi.advanceTimersByTimeAsync(500);
    newest().breaks(1006);
    await vi.advanceTimersByTimeAsync(999);
    expect(wires).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    newest().opens();
    expect(newest().sent[1]).toMatchObject({ since: ANSWER.position });
  });

  it("comes back with a fresh token when the old one was over", async () => {
    const wishes: boolean[] = [];
    const { wire } = await opened(
      line(async (isRefused) => {
        wishes.push(isRefused);
        return isRefused ? "fresh" : "old";
      }),
    );
    wire.breaks(3500, "token expired");
    await vi.advanceTimersByTimeAsync(500);
    newest().opens();

    expect(newest().sent[0]).toMatchObject({ action: "auth", token: "fresh" });
    newest().tells(ANSWER);
    newest().breaks(1006);
    await vi.advanceTimersByTimeAsync(500);
    expect(wishes).toEqual([false, true, false]);
  });

  it("does not come back where it is not wanted", async () => {
    const { wire } = await opened();
    wire.breaks(3507, "not permitted");
    await vi.advanceTimersByTimeAsync(60_000);

    expect(states.at(-1)).toEqual({ is: "refused", why: "not permitted", code: 3507 });
    expect(wires).toHaveLength(1);
  });

  it("opens nothing without a session", async () => {
    line(async () => null).start();
    await vi.advanceTimersByTimeAsync(60_000);

    expect(wires).toHaveLength(0);
    expect(states.at(-1)).toMatchObject({ is: "refused" });
  });

  it("tries again while no token can be had", async () => {
    let isAway = true;
    line(async () => (isAway ? Promise.reject(new Error("away")) : "token")).start();
    await vi.advanceTimersByTimeAsync(0);
    expect(states.at(-1)).toMatchObject({ is: "away" });
    isAway = false;
    await vi.advanceTimersByTimeAsync(500);

    expect(wires).toHaveLength(1);
  });

  it("gives up a wire that says nothing for long", async () => {
    const { wire } = await opened();
    await vi.advanceTimersByTimeAsync(61_000);

    expect(wire.readyState).toBe(3);
    expect(wires.length).toBeGreaterThan(1);
  });

  it("keeps a wire that answers its questions, however late a page in the background asks them", async () => {
    const { wire } = await opened();
    for (let question = 0; question < 5; question += 1) {
      await vi.advanceTimersByTimeAsync(20_000);
      wire.tells(ANSWER);
      vi.setSystemTime(Date.now() + 60_000);
    }

    expect(wires).toHaveLength(1);
  });

  it("asks once for what is followed within a moment, as by who scrolls", async () => {
    const { line: one, wire } = await opened();
    const before = wire.sent.length;
    for (let row = 0; row < 50; row += 1) {
      one.follow([`quote.NSE:${row}`]);
      one.leave([`quote.NSE:${row - 10}`]);
    }
    await vi.advanceTimersByTimeAsync(100);

    expect(wire.sent.slice(before)).toHaveLength(1);
    expect(wire.sent.at(-1)?.channels).toHaveLength(10);
  });

  it("asks where the stream is, so that its position stays fresh", async () => {
    const { wire } = await opened();
    await vi.advanceTimersByTimeAsync(20_000);

    expect(wire.sent.at(-1)).toMatchObject({ action: "subscribe", channels: [] });
  });

  it("says nothing more after it was stopped", async () => {
    const { line: one, wire } = await opened();
    one.stop();
    wire.breaks(1006);
    await vi.advanceTimersByTimeAsync(60_000);

    expect(states.at(-1)).toEqual({ is: "idle" });
    expect(wires).toHaveLength(1);
  });
});
