import { describe, expect, it } from "vitest";
import { type Batch, received } from "@/socket/batch";
import { jobsReducer, newest, subjectOf, wishesFor } from "./jobs";
import type { Job } from "./models";

function job(id: string, more: Partial<Job> = {}): Job {
  return { id, kind: "scan", status: "running", progress: 0, message: "", arguments: {}, done: 0, total: 4, ...more };
}

function told(...jobs: Job[]): Batch {
  const pushes = jobs.map((data) => ({ channel: "jobs", data: { ...data } }));
  return { quotes: [], candles: [], statuses: [], told: pushes, refused: [], holes: [], notices: [] };
}

describe("the newest word on each job", () => {
  it("is what the channel told since the list was read", () => {
    const news = jobsReducer(undefined, received(told(job("a", { done: 1 }), job("a", { done: 2 }))));
    expect(newest([job("a"), job("b")], news).map(({ id, done }) => [id, done])).toEqual([
      ["a", 2],
      ["b", 0],
    ]);
  });

  it("puts jobs that the list does not have yet before it, the newest first", () => {
    const news = jobsReducer(undefined, received(told(job("b"), job("c"))));
    expect(newest([job("a")], news).map(({ id }) => id)).toEqual(["c", "b", "a"]);
  });
});

it("what is done takes no wish, what failed can be tried again", () => {
  expect(wishesFor("done")).toEqual([]);
  expect(wishesFor("failed")).toEqual(["retry"]);
});

it("tells its instruments and days in short", () => {
  const instruments = ["A", "B", "C", "D", "E"];
  const about = job("a", { arguments: { instruments, start: "2026-11-20T00:00:00Z", end: "2026-11-21T00:00:00Z" } });
  expect(subjectOf(about)).toBe("A, B, C and 2 others, 2026-11-20 to 2026-11-21");
  expect(subjectOf(job("b"))).toBe("");
});
