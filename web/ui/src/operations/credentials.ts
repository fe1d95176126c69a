/** Credentials of providers: how they stand, and how long they still serve. Times are milliseconds UTC. */

import { age } from "@/formats/times";
import type { Credentials, InForce, Kept } from "./models";

/** Who is told of less has little time to act. */
const SOON_MS = 2 * 3_600_000;

export type State = "in force" | "ends soon" | "ended" | "none";

/** How what the engine uses stands. */
export function stateOf(inForce: InForce | null, nowMs: number): State {
  if (inForce === null) {
    return "none";
  }
  if (inForce.expires_at === null) {
    return "in force";
  }
  const leftMs = inForce.expires_at - nowMs;
  return leftMs <= 0 ? "ended" : leftMs < SOON_MS ? "ends soon" : "in force";
}

/** When something ends, as a sentence's end: `in 5 h`, `3 h ago`, or that nobody knows. */
export function endText(expiresMs: number | null, nowMs: number): string {
  if (expiresMs === null) {
    return "when its provider says";
  }
  return expiresMs > nowMs ? `in ${age(nowMs, expiresMs)}` : `${age(expiresMs, nowMs)} ago`;
}

const WAYS: Record<string, string> = {
  environment: "the settings",
  admin: "this page",
  command: "a command",
  file: "a file",
  totp: "a one-time code",
};

export function wayText(source: string): string {
  return WAYS[source] ?? source;
}

/** What the engine uses, in words; without an engine nobody can say. */
export function inForceText(inForce: InForce | null, nowMs: number): string {
  if (inForce === null) {
    return "No engine uses one now: there is none, or no engine is there.";
  }
  const whose = inForce.identity === "" ? "" : ` of ${inForce.identity}`;
  const verb = inForce.expires_at !== null && inForce.expires_at <= nowMs ? "ended" : "ends";
  return `The engine uses one${whose} from ${wayText(inForce.source)}; it ${verb} ${endText(inForce.expires_at, nowMs)}.`;
}

export function kindText(kind: Kept["kind"]): string {
  return kind === "totp" ? "one-time codes" : "token";
}

/** What of a form is sent: blanks that were copied along are no part of a secret, and what is empty is not said. */
export function entryOf(
  fields: FormData,
  { needs_identity }: Pick<Credentials, "needs_identity">,
): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const [name, value] of fields) {
    const text = String(value).trim();
    if (text !== "" && (name !== "identity" || needs_identity)) {
      sent[name] = name === "expires_at" ? new Date(text).toISOString() : text;
    }
  }
  return sent;
}
