/** What was asked for, or in words why it is not there; what came before stays while the server is away. */

import type { ReactNode } from "react";
import type { QueryError } from "@/api/problems";
import { ago } from "@/formats/times";
import { Problem } from "@/parts/Problem";
import { Waiting } from "@/parts/Waiting";
import { refusalWords } from "./words";

interface Query<T> {
  data?: T | undefined;
  error?: QueryError | undefined;
  fulfilledTimeStamp?: number | undefined;
}

interface Props<T> {
  query: Query<T>;
  /** Said until the first answer. */
  waiting: string;
  children: (data: T) => ReactNode;
}

export function Asked<T>({ query: { data, error, fulfilledTimeStamp }, waiting, children }: Props<T>) {
  if (data === undefined) {
    return error === undefined ? (
      <Waiting words={waiting} />
    ) : (
      <Problem words={`${refusalWords(error)} Asking again by itself.`} />
    );
  }
  const since = fulfilledTimeStamp === undefined ? "" : ` What you see is from ${ago(fulfilledTimeStamp, Date.now())}.`;
  return (
    <>
      {error !== undefined && <Problem words={`${refusalWords(error)}${since} Asking again by itself.`} />}
      {children(data)}
    </>
  );
}
