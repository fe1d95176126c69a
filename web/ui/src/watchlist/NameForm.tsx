/** Asks for the name of a list; what the server has against it stands beside it. */

import { type FormEvent, useId, useState } from "react";
import { problemWords, type QueryError } from "@/api/problems";
import styles from "./ListBar.module.css";

const LONGEST = 100;

interface Props {
  label: string;
  verb: string;
  before: string;
  /** Rejects with a problem when the server refuses the name. */
  onName(name: string): Promise<void>;
  onCancel(): void;
}

export function NameForm({ label, verb, before, onName, onCancel }: Props) {
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const id = useId();

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    try {
      await onName(String(new FormData(event.currentTarget).get("name")).trim());
    } catch (error) {
      setProblem(problemWords(error as QueryError));
      setBusy(false);
    }
  }

  return (
    <form className={styles.bar} onSubmit={onSubmit} onKeyDown={(event) => event.key === "Escape" && onCancel()}>
      <input
        name="name"
        aria-label={label}
        placeholder={label}
        aria-describedby={id}
        aria-invalid={problem !== ""}
        defaultValue={before}
        required
        pattern=".*\S.*"
        maxLength={LONGEST}
        // biome-ignore lint/a11y/noAutofocus: who asked for the form wants to write.
        autoFocus
      />
      <button type="submit" data-kind="main" disabled={isBusy}>
        {isBusy ? "One moment…" : verb}
      </button>
      <button type="button" onClick={onCancel}>
        Cancel
      </button>
      <span id={id} className={styles.problem} role="alert">
        {problem}
      </span>
    </form>
  );
}
