import { describe, expect, it } from "vitest";
import { type Batch, received } from "@/socket/batch";
import { hasUnlisted, jobsReducer, newest, subjectOf, wishesFor } from "./jobs";
import type { Job } from "./models";

function job(id: string, more: Partial<Job> = {}): Job {
  return { id, kind: "scan", status: "running", progress: 0, message: "", arguments: {}, done: 0, total: 4, ...more };
}

function told(...news: Partial<Job>[]): Batch {
  const pushes = news.map((data) => ({ channel: "jobs", data: { kind: "jobs", job: "scan", ...data } }));
  return { quotes: [], candles: [], statuses: [], told: pushes, refused: [], holes: [], notices: [] };
}

describe("the newest word on each job", () => {
  it("is what the channel told since the list was read, which is less than the list has", () => {
    const pushes = told({ id: "a", status: "running", progress: 0.5, message: "half", done: 2, total: 4 });
    const [first, second] = newest([job("a", { kind: "scan" }), job("b")], jobsReducer(undefined, received(pushes)));
    expect(first).toEqual(job("a", { progress: 0.5, message: "half", done: 2 }));
    expect(second).toEqual(job("b"));
  });

  it("is of a job that the list does not have: it is read again", () => {
    const news = jobsReducer(undefined, received(told({ id: "b", status: "running", progress: 0, message: "" })));
    expect(hasUnlisted([job("a")], news)).toBe(true);
    expect(hasUnlisted([job("a"), job("b")], news)).toBe(false);
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
  expect(subjectOf(job("c", { arguments: { instruments, others: 1_990 } }))).toBe("A, B, C and 1992 others");
});
