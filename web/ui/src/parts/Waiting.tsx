import styles from "./Waiting.module.css";

/** What is going on, in words; never only a wheel that turns. */
export function Waiting({ words }: { words: string }) {
  return (
    <p className={styles.waiting} role="status">
      {words}
    </p>
  );
}
