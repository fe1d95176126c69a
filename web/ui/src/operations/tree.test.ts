import { describe, expect, it } from "vitest";
import type { Actor, ActorState, ProcessTree } from "./models";
import { find, grafted, readingsOf, rowsOf, statesOf, summarized } from "./tree";

function actor(path: string, children: Actor[] = [], more: Partial<Actor> = {}): Actor {
  const mailbox = { depth: 0, oldest_age_s: 0, processed: 0, dropped: 0, conflated: 0 };
  return {
    path,
    kind: "Actor",
    state: "running",
    restarts: 0,
    last_error: null,
    uptime_s: 1,
    mailbox,
    children,
    ...more,
  };
}

const states: Partial<Record<ActorState, number>> = { running: 199, "backing off": 1 };
const calm = actor("/engine/instruments/NSE:A");
const troubled = actor("/engine/instruments/NSE:T", [], { state: "backing off" });
const summary = actor("/engine/instruments", [calm, troubled], { count: 200, states });
const feeds = actor("/engine/feeds", [actor("/engine/feeds/simulator", [], { kind: "FeedActor" })]);
const engine: ProcessTree = {
  process: "engine",
  time: 5_000,
  tree: actor("/engine", [summary, feeds]),
  dead_letters: 0,
  counters: {},
};
const whole = {
  process: "engine",
  time: 7_000,
  tree: actor("/engine/instruments", [actor("/engine/instruments/NSE:A"), actor("/engine/instruments/NSE:B")]),
};
const paths = (rows: { path: string }[]) => rows.map(({ path }) => path);
const open = { closed: new Set<string>(), filter: "" };

describe("rows of a tree", () => {
  it("stand in order, each one level below its supervisor, and of those summed up only who is in trouble", () => {
    const rows = rowsOf([engine], open);
    expect(rows.map(({ path, level, hidden, isOpen }) => [path, level, hidden, isOpen])).toEqual([
      ["/engine", 1, 0, true],
      ["/engine/instruments", 2, 199, true],
      ["/engine/instruments/NSE:T", 3, 0, null],
      ["/engine/feeds", 2, 0, true],
      ["/engine/feeds/simulator", 3, 0, null],
    ]);
  });

  it("leave out what is below a closed one", () => {
    const rows = rowsOf([engine], { ...open, closed: new Set(["engine /engine/instruments"]) });
    expect(paths(rows)).toEqual(["/engine", "/engine/instruments", "/engine/feeds", "/engine/feeds/simulator"]);
  });

  it("keep those that a filter finds, under those they stand below, closed or not", () => {
    const closed = new Set(["engine /engine"]);
    expect(paths(rowsOf([engine], { closed, filter: "feedactor" }))).toEqual([
      "/engine",
      "/engine/feeds",
      "/engine/feeds/simulator",
    ]);
    expect(rowsOf([engine], { closed, filter: "nobody" })).toEqual([]);
  });
});

describe("a summary", () => {
  it("can be asked for whole, and gives way to the answer", () => {
    expect(summarized([engine])).toEqual([{ process: "engine", path: "/engine/instruments" }]);
    const [grown] = grafted([engine], whole);
    expect(summarized(grown ? [grown] : [])).toEqual([]);
    expect(find(grown ? [grown] : [], { process: "engine", path: "/engine/instruments/NSE:B" })?.kind).toBe("Actor");
  });

  it("counts all actors in their states", () => {
    expect(statesOf(engine.tree)).toEqual({ running: 203, "backing off": 1 });
  });

  it("has its counts read at the time of the answer they came with", () => {
    const times = new Map(readingsOf(grafted([engine], whole), whole).map(({ key, atMs }) => [key, atMs]));
    expect(times.get("engine /engine/feeds")).toBe(5_000);
    expect(times.get("engine /engine/instruments/NSE:B")).toBe(7_000);
  });
});
