/** Why somebody could not come in, or could not be asked about, in words. */

import { type ApiProblem, AWAY, problemWords } from "@/api/problems";
import { sentence } from "@/formats/sentences";
import { RefusedError } from "./tokens";

/** The server's words, or that nobody answered. */
export function reasonOf(error: unknown): string {
  if (error instanceof RefusedError) {
    return sentence(error.message);
  }
  return problemWords(isProblem(error) ? error : AWAY);
}

/** The same for who has just sent a form, and may send it again. */
export function wordsOf(error: unknown): string {
  return error instanceof RefusedError ? reasonOf(error) : `${reasonOf(error)} Try again in a moment.`;
}

function isProblem(error: unknown): error is ApiProblem {
  return typeof error === "object" && error !== null && "detail" in error;
}
