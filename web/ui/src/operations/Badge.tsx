import styles from "./Badge.module.css";
import { mood } from "./words";

/** A state: a dot in its colour, and its word. */
export function Badge({ state }: { state: string }) {
  return (
    <span className={styles.badge} data-mood={mood(state)}>
      {state}
    </span>
  );
}
