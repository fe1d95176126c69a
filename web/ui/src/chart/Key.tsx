/** What the marks on the chart mean. */

import styles from "./Key.module.css";

export function Key() {
  return (
    <ul className={styles.key} aria-label="Marks on the chart">
      <li>
        <span className={styles.gap} aria-hidden="true" />
        Candles missing
      </li>
      <li>
        <span className={styles.healing} aria-hidden="true" />
        Being got
      </li>
      <li>
        <span className={styles.healed} aria-hidden="true" />
        Healed or revised later
      </li>
      <li>
        <span className={styles.session} aria-hidden="true" />
        New session
      </li>
      <li>
        <span className={styles.old} aria-hidden="true" />
        Prices are old from here on
      </li>
    </ul>
  );
}
