/** Alerts as the API tells them. Times of alerts are milliseconds UTC, those of rules and deliveries ISO 8601. */

export type Comparison = "above" | "below" | "crosses" | "rises" | "falls" | "gaps";

export type Condition =
  | { kind: "price"; instrument: string; comparison: Comparison; value: number }
  | { kind: "gap"; instrument: string; minutes: number }
  | { kind: "feed"; provider: string; seconds: number }
  | { kind: "token"; provider: string; hours: number };

export interface RuleDraft {
  condition: Condition;
  name: string;
  /** Whether it is switched off when it has been told. */
  once: boolean;
  cool_down_s: number;
  hysteresis_percent: number;
  webhook: number | null;
  is_enabled: boolean;
}

export interface Rule extends RuleDraft {
  id: number;
  fired_at: string | null;
}

export interface ToldAlert {
  id: string;
  rule: number;
  name: string;
  symbol: string;
  message: string;
  is_test: boolean;
  at: number;
}

export interface Webhook {
  id: number;
  name: string;
  url: string;
  fingerprint: string;
}

export interface NewWebhook extends Webhook {
  /** Told this once. */
  secret: string;
}

export interface Delivery {
  id: number;
  alert: string;
  webhook: number;
  status: "waiting" | "delivered" | "failed";
  attempts: number;
  http_status: number | null;
  why: string;
  updated_at: string;
}
