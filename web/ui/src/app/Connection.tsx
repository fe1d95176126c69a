/** How prices reach this page, in a few words, told to screen readers when it changes. */

import type { LineState } from "@/socket/line";
import type { StatusTold } from "@/socket/messages";
import styles from "./Connection.module.css";
import { useAppSelector } from "./store";

export function Connection() {
  const line = useAppSelector((state) => state.interface.line);
  const overall = useAppSelector((state) => state.statuses.overall);
  const notice = useAppSelector((state) => state.interface.notice);
  const isSimulated = useAppSelector((state) => state.interface.dataKind === "simulated");
  return (
    <div className={styles.connection} data-state={line.is} role="status" aria-label="Connection">
      <span className={styles.dot} aria-hidden="true" />
      {notice || words(line, overall)}
      {isSimulated && <span className={styles.simulated}>Simulated data</span>}
    </div>
  );
}

export function words(line: LineState, overall: StatusTold | null): string {
  switch (line.is) {
    case "idle":
      return "Not connected";
    case "connecting":
      return "Connecting…";
    case "away":
      return `Prices every 1.5 s: ${line.why}; trying again`;
    case "refused":
      return `Not connected: ${line.why}`;
    case "open":
      return overall === null || overall.status === "live" ? "Live" : `${capital(overall.status)}: ${overall.why}`;
  }
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
