import type { ReactNode } from "react";
import styles from "./Problem.module.css";

/** What went wrong, in words, and what can be done about it. */
export function Problem({ words, children }: { words: string; children?: ReactNode }) {
  return (
    <div className={styles.problem} role="alert">
      <p>{words}</p>
      {children}
    </div>
  );
}
