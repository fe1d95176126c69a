/** What may come in place of an answer. */

import type { SerializedError } from "@reduxjs/toolkit";
import { sentence } from "@/formats/sentences";

/** The one error body of the API, or that the server was not reached at all (status 0). */
export interface ApiProblem {
  status: number;
  detail: string;
  code: string;
  /** What is wrong with each part, where there are several. */
  errors: string[];
}

/** What a query calls its error: a problem, or a fault of the page itself. */
export type QueryError = ApiProblem | SerializedError;

export const AWAY: ApiProblem = { status: 0, detail: "The server can not be reached.", code: "away", errors: [] };

/** The problem behind an error; a fault of the page is one of status -1. */
export function problemOf(error: QueryError): ApiProblem {
  return "status" in error
    ? error
    : { status: -1, detail: error.message ?? "This page has failed.", code: "", errors: [] };
}

/** As a sentence. */
export function problemWords(error: QueryError): string {
  return sentence(problemOf(error).detail);
}

/** As a sentence, and that it is asked again where it is. */
export function hopeWords(error: QueryError): string {
  return isPassing(error) ? `${problemWords(error)} Trying again…` : problemWords(error);
}

/** Whether asking again may help: the server is away, busy or broken. What it refuses it refuses again. */
export function isPassing(error: QueryError): boolean {
  const { status } = problemOf(error);
  return status === 0 || status === 429 || status >= 500;
}

/** The server's complaints by the part they are about, as `definition.where.all[0].left`. */
export function byPart(errors: readonly string[]): Map<string, string> {
  return new Map(errors.map((error) => error.split(/: (.*)/s).slice(0, 2) as [string, string]));
}
