/** Jobs: the newest word on each, from the list and from the channel, and what can be wished of them. */

import { createSlice } from "@reduxjs/toolkit";
import { received } from "@/socket/batch";
import { jobsEndpoint } from "./endpoints";
import type { Job, JobAction, JobNews, JobStatus } from "./models";

type News = Record<string, JobNews>;

const slice = createSlice({
  name: "jobs",
  initialState: {} as News,
  reducers: {},
  extraReducers: (builder) =>
    builder
      .addCase(received, (state, { payload }) => {
        for (const { channel, data } of payload.told) {
          if (channel === "jobs") {
            const { id, status, progress, message, done, total } = data as unknown as JobNews;
            state[id] = { id, status, progress, message, done, total };
          }
        }
      })
      // The list is newer than what was told before it.
      .addMatcher(jobsEndpoint.matchFulfilled, (): News => ({})),
});

export const jobsReducer = slice.reducer;

/** The list with what was told since. */
export function newest(listed: readonly Job[], told: News): Job[] {
  return listed.map((job) => ({ ...job, ...told[job.id] }));
}

/** Whether something was told of a job that the list does not have: it has to be read again. */
export function hasUnlisted(listed: readonly Job[], told: News): boolean {
  const known = new Set(listed.map(({ id }) => id));
  return Object.keys(told).some((id) => !known.has(id));
}

const WISHES: Record<JobStatus, JobAction[]> = {
  waiting: ["pause", "cancel"],
  running: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  failed: ["retry"],
  cancelled: ["retry"],
  done: [],
};

export function wishesFor(status: JobStatus): JobAction[] {
  return WISHES[status];
}

export function isOver({ status }: Job): boolean {
  return status === "done" || status === "failed" || status === "cancelled";
}

const MOST_NAMED = 3;

/** What it is about: its instruments and its days, as far as it names them. */
export function subjectOf({ arguments: { instruments, others: unnamed, start, end } }: Job): string {
  const names = Array.isArray(instruments) ? instruments.map(String) : [];
  const count = names.length - MOST_NAMED + (typeof unnamed === "number" ? unnamed : 0);
  const others = count > 0 ? ` and ${count} others` : "";
  const days =
    typeof start === "string" && typeof end === "string" ? `${start.slice(0, 10)} to ${end.slice(0, 10)}` : "";
  return [names.slice(0, MOST_NAMED).join(", ") + others, days].filter(Boolean).join(", ");
}
