/** The question before a command, and how it went. */

import { Problem } from "@/parts/Problem";
import styles from "./Commanded.module.css";
import { Confirm } from "./Confirm";
import type { Command } from "./useCommand";

export function Commanded({ command: { asked, outcome, close } }: { command: Command }) {
  return (
    <>
      <Confirm asked={asked} onClose={close} />
      {outcome?.isRefused && <Problem words={outcome.words} />}
      <p className={styles.outcome} role="status" aria-label="Last command">
        {outcome?.isRefused ? "" : outcome?.words}
      </p>
    </>
  );
}
