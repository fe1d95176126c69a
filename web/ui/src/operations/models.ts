/** What the server tells operators. Times are milliseconds UTC, or texts of ISO 8601 where it says so. */

export interface Mailbox {
  depth: number;
  oldest_age_s: number;
  processed: number;
  dropped: number;
  conflated: number;
}

export type ActorState = "starting" | "running" | "paused" | "backing off" | "stopping" | "dead";

/** One place in a tree. With `count`, its children are only the most notable ones of so many. */
export interface Actor {
  path: string;
  kind: string;
  state: ActorState;
  restarts: number;
  last_error: string | null;
  uptime_s: number;
  mailbox: Mailbox;
  count?: number;
  states?: Partial<Record<ActorState, number>>;
  children?: Actor[];
}

export interface ProcessTree {
  process: string;
  time: number;
  tree: Actor;
  dead_letters: number;
  counters: Record<string, number>;
}

export interface Subtree {
  process: string;
  time: number;
  tree: Actor;
}

/** Where an actor is. */
export interface Place {
  process: string;
  path: string;
}

export type Action = "restart" | "pause" | "resume" | "stop";

export interface LineStatus {
  status: string;
  since: number;
  why: string;
  cause: string;
}

export type Packets = Record<string, number | unknown[]>;

export interface Feeds {
  engine: string | null;
  time: number | null;
  feeds: Record<string, LineStatus>;
  causes: Record<string, number>;
  packets: Record<string, Packets>;
}
