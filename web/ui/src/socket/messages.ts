/** What travels on `/ws` in the full dialect. Times are milliseconds UTC; volumes are cumulative since the open. */

export interface Position {
  epoch: string;
  offset: string;
}

/** The newest price of an instrument, with what is known of its day. */
export interface QuoteData {
  instrument: string;
  symbol: string;
  ltp: number;
  size: number;
  volume: number | null;
  timestamp: number;
  oi?: number | null;
  bid?: number | null;
  ask?: number | null;
  open?: number | null;
  high?: number | null;
  low?: number | null;
  previous_close?: number | null;
}

export type CandleState = "forming" | "final" | "revised";

export interface CandleData {
  instrument: string;
  symbol: string;
  timeframe: string;
  /** The open of its bucket. */
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  oi: number | null;
  state: CandleState;
  rev: number;
  source: string;
}

export interface StatusTold {
  status: "live" | "stale" | "backfilling" | "degraded" | "fallback" | "closed" | "unmapped";
  since: number;
  why: string;
  /** What is behind it, as `quiet`, `halted` or `mapping_dead`; empty where the status says it all. */
  cause: string;
}

export interface StatusData extends StatusTold {
  symbol: string | null;
  instrument?: string | null;
  feed: string | null;
}

export type Push =
  | { channel: string; offset: string | null; data: QuoteData }
  | { channel: string; offset: string | null; data: CandleData }
  | { channel: string; offset: string | null; data: StatusData }
  | { channel: string; offset: string | null; data: Record<string, unknown> };

export interface Failure {
  code: number;
  message: string;
  temporary: boolean;
}

/** Something went wrong; a channel that is followed and can not be had is named. Pushes alone have a `channel`. */
export interface Problem extends Failure {
  type: "error";
  id: number | null;
  symbol: string | null;
  about?: string;
}

export interface Outcome {
  channel: string;
  ok: boolean;
  instrument?: string;
  status?: StatusTold | null;
  error?: Failure;
}

export interface Answer {
  id: number;
  action: "subscribe" | "unsubscribe";
  results: Outcome[];
  channels: string[];
  position: Position | null;
  recovered?: boolean;
}

export type Incoming =
  | Push
  | Answer
  | { id: number | null; action: "auth"; ok: boolean }
  | { id: number | null; action: "pong" }
  | { type: "position" | "lost"; position: Position | null }
  | { type: "conflated"; count: number; lag_ms: number }
  | { type: "notice"; message: string }
  | Problem;

export type Outgoing =
  | { id: number; action: "subscribe" | "unsubscribe"; channels: string[]; since?: Position }
  | { id: number; action: "auth"; token: string };
