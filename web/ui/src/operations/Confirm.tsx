/** Asks once more before something is done; Escape and a click on Cancel leave everything as it is. */

import { useEffect, useId, useRef } from "react";
import styles from "./Confirm.module.css";

export interface Question {
  question: string;
  effect: string;
  /** What the button says that does it. */
  verb: string;
  isDanger?: boolean;
  onYes(): void;
}

export function Confirm({ asked, onClose }: { asked: Question | null; onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    if (asked !== null) {
      dialog.current?.showModal();
    }
  }, [asked]);
  return (
    <dialog className={styles.confirm} ref={dialog} aria-labelledby={title} onClose={onClose}>
      <h2 id={title}>{asked?.question}</h2>
      <p>{asked?.effect}</p>
      <form method="dialog" className={styles.answers}>
        <button type="submit">Cancel</button>
        <button type="submit" data-kind={asked?.isDanger ? "danger" : "main"} onClick={() => asked?.onYes()}>
          {asked?.verb}
        </button>
      </form>
    </dialog>
  );
}
