/** How it is with this list, always in the same place, so that nothing moves when it changes. */

import { useAppSelector } from "@/app/store";
import { isAway } from "@/socket/isAway";
import styles from "./StatusLine.module.css";
import type { Supply } from "./useListPrices";
import { hindranceWords, supplyWords } from "./words";

interface Props {
  supply: Supply;
  instruments: readonly string[];
  /** What came of the last command. */
  told: string;
}

export function StatusLine({ supply: { line, problem }, instruments, told }: Props) {
  const statuses = useAppSelector((state) => state.statuses.instruments);
  const count = instruments.length === 1 ? "1 instrument." : `${instruments.length} instruments.`;
  return (
    <p className={styles.line} role="status" aria-label="List" data-away={isAway(line)}>
      {told && <b>{told} </b>}
      {count} {supplyWords(line, problem)} {hindranceWords(instruments, statuses)}
    </p>
  );
}
