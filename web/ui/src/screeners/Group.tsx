/** Fields of the editor that belong together, and what they are given. */

import type { ReactNode } from "react";
import { sentence } from "@/formats/sentences";
import type { Draft } from "./draft";
import styles from "./ScreenersPage.module.css";

export interface Part {
  draft: Draft;
  set(change: Partial<Draft>): void;
  /** What is wrong with a part of it. */
  field(part: string): string | undefined;
}

export function Group({
  legend,
  problem,
  children,
}: {
  legend: string;
  problem?: string | undefined;
  children: ReactNode;
}) {
  return (
    <fieldset className={styles.group}>
      <legend>{legend}</legend>
      {children}
      {problem !== undefined && <span className={styles.problem}>{sentence(problem)}</span>}
    </fieldset>
  );
}
