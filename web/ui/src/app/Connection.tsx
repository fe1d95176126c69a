/** How prices reach this page, in a few words, told to screen readers when it changes. */

import { capital } from "@/formats/sentences";
import { isAway } from "@/socket/isAway";
import { useFollow } from "@/socket/LineProvider";
import type { LineState } from "@/socket/line";
import type { StatusTold } from "@/socket/messages";
import styles from "./Connection.module.css";
import { useAppSelector } from "./store";

const CHANNELS = ["status"];

export function Connection() {
  useFollow(CHANNELS);
  const line = useAppSelector((state) => state.interface.line);
  const overall = useAppSelector((state) => state.statuses.overall);
  const notice = useAppSelector((state) => state.interface.notice);
  const isSimulated = useAppSelector((state) => state.interface.dataKind === "simulated");
  return (
    <div className={styles.connection} data-state={stateOf(line, overall)} role="status" aria-label="Connection">
      <span className={styles.dot} aria-hidden="true" />
      {notice || words(line, overall)}
      {isSimulated && <span className={styles.simulated}>Simulated data</span>}
    </div>
  );
}

/** How it looks: a socket that is open brings nothing good where the prices behind it are old. */
function stateOf(line: LineState, overall: StatusTold | null): string {
  const isWell = overall === null || ["live", "closed"].includes(overall.status);
  return line.is === "open" && !isWell ? "troubled" : line.is;
}

/** The same through all tries to come back: nobody wants to be told of each. */
export function words(line: LineState, overall: StatusTold | null): string {
  if (line.is === "refused") {
    return `Not connected: ${line.why}. Load this page again to try once more.`;
  }
  if (isAway(line)) {
    return "Live prices are away; trying again…";
  }
  if (line.is !== "open") {
    return line.is === "idle" ? "Not connected" : "Connecting…";
  }
  return overall === null || overall.status === "live" ? "Live" : `${capital(overall.status)}: ${overall.why}`;
}
