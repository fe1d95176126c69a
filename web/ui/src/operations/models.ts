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
  /** By exchange, how many instruments each provider carries. */
  carried: Record<string, Record<string, number>>;
  /** The newest last. */
  moves: Move[];
  measures: Record<string, Measure>;
}

/** Instruments of one exchange that passed from one provider to another. */
export interface Move {
  exchange: string;
  from: string;
  to: string;
  count: number;
  at: number;
  why: string;
}

/** How late a provider's ticks come, in milliseconds, and the share of its minutes that were whole. */
export interface Measure {
  lag_ms?: number;
  lag_p95_ms?: number;
  complete?: number;
}

export type JobStatus = "waiting" | "running" | "paused" | "done" | "failed" | "cancelled";
export type JobAction = "pause" | "resume" | "cancel" | "retry";

export interface Job {
  id: string;
  kind: string;
  status: JobStatus;
  /** From 0 to 1. */
  progress: number;
  message: string;
  arguments: Record<string, unknown>;
  done: number;
  total: number;
}

/** What the channel tells of a job: how far it is. */
export type JobNews = Pick<Job, "id" | "status" | "progress" | "message" | "done" | "total">;

/** What became of the buckets that should have been saved by now. */
export interface Counts {
  expected: number;
  traded: number;
  empty: number;
  missing: number;
  healing: number;
  unresolvable: number;
  archived: number;
  percentage: number;
}

export interface Gap {
  start: number;
  end: number;
  state: string;
  reason: string;
}

export interface SessionCounts extends Counts {
  date: string;
  start: number;
  end: number;
  gaps: Gap[];
}

export interface InstrumentCounts extends Counts {
  symbol: string;
  instrument: string;
  sessions: SessionCounts[];
}

export interface Page<T> {
  items: T[];
  next_page_token: string | null;
}

export interface Stretch {
  symbols: string[];
  start: string;
  end: string;
}

export interface DeadLetter {
  path: string;
  message: string;
  time: number;
  reason: string;
}

export type DeadLetters = { count: number; sample: DeadLetter[] } | { error: string };

export type Fate = "held" | "released" | "discarded";

export interface Quarantined {
  id: number;
  instrument: string;
  kind: "tick" | "bar";
  timestamp: string | null;
  price: number;
  reason: string;
  evidence: Record<string, unknown>;
  status: Fate;
  decided_by: string;
  decided_at: string | null;
}

export interface Account {
  id: string;
  email: string;
  name: string;
  role: "user" | "admin";
  is_active: boolean;
  created_at: string;
}

export interface Provider {
  id: number;
  name: string;
}

/** A credential that is kept, without its secret. Times are texts. */
export interface Kept {
  id: number;
  provider: string;
  kind: "token" | "totp";
  identity: string;
  /** Tells whether two are the same, and nothing else. */
  fingerprint: string;
  expires_at: string | null;
  source: string;
  updated_at: string;
}

/** What the running engine uses. */
export interface InForce {
  identity: string;
  source: string;
  expires_at: number | null;
}

export interface Credentials {
  items: Kept[];
  in_force: InForce | null;
  /** Whether there is a key to seal them with. */
  can_keep: boolean;
  needs_identity: boolean;
  kinds: Kept["kind"][];
}

export interface AuditEntry {
  id: number;
  at: string;
  actor: string;
  action: string;
  target: string;
  address: string;
  outcome: string;
}
