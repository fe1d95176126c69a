import { RefusedError } from "./tokens";

/** What to say about a refusal, or that nobody answered. */
export function wordsOf(error: unknown): string {
  return error instanceof RefusedError ? error.message : "The server can not be reached. Try again in a moment.";
}
