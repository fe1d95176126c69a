/** What states, refusals and wishes are called on these pages. */

import { problemOf, type QueryError } from "@/api/problems";
import { whole } from "@/formats/numbers";
import { sentence } from "@/formats/sentences";
import type { Action, ActorState } from "./models";

/** An answer that is none, as the server told it, with its status: who operates it looks for that. */
export function refusalWords(error: QueryError): string {
  const { status, detail: told } = problemOf(error);
  const detail = sentence(told);
  switch (status) {
    case -1:
    case 0:
      return detail;
    case 409:
      return `Refused (409): ${detail}`;
    case 503:
      return `Not available now (503): ${detail}`;
    case 504:
      return `No answer in time (504): ${detail}`;
    default:
      return `${detail} (${status})`;
  }
}

/** What each command does, asked before it is sent and told when it is done. */
export const ACTIONS: Record<Action, { verb: string; effect: string; done: string }> = {
  restart: {
    verb: "Restart",
    effect: "It is replaced by a new one now. What it may have missed meanwhile is found and healed.",
    done: "was restarted",
  },
  pause: { verb: "Pause", effect: "It handles no messages until it is resumed; they wait.", done: "is paused" },
  resume: { verb: "Resume", effect: "It goes on with the messages that wait.", done: "goes on" },
  stop: { verb: "Stop", effect: "Its place stays empty until somebody restarts it.", done: "was stopped" },
};

/** The actions that make sense for an actor in a state. */
export function actionsFor(state: ActorState): Action[] {
  switch (state) {
    case "paused":
      return ["restart", "resume", "stop"];
    case "dead":
      return ["restart"];
    case "backing off":
      return ["restart", "stop"];
    default:
      return ["restart", "pause", "stop"];
  }
}

/** Counts of states in words, the most troubling ones first: `1 backing off, 31 running`. */
export function statesText(states: Partial<Record<ActorState, number>>): string {
  const order: ActorState[] = ["dead", "backing off", "paused", "stopping", "starting", "running"];
  return order
    .filter((state) => states[state])
    .map((state) => `${whole(states[state])} ${state}`)
    .join(", ");
}

/** How a state looks; it is always told in words too. */
export function mood(state: string): "good" | "bad" | "waiting" {
  if (["running", "live", "done", "released", "active", "in force", "delivered"].includes(state)) {
    return "good";
  }
  return ["dead", "backing off", "stale", "failed", "unmapped", "disconnected", "ended"].includes(state)
    ? "bad"
    : "waiting";
}
