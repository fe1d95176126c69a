/** Changing one's own password. */

import { type FormEvent, useState } from "react";
import { Problem } from "@/parts/Problem";
import { wordsOf } from "@/session/refusals";
import { tokens } from "@/session/tokens";
import styles from "./Settings.module.css";

export function PasswordForm() {
  const [problem, setProblem] = useState("");
  const [done, setDone] = useState("");

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    setProblem("");
    setDone("Changing it…");
    try {
      await tokens.changePassword(String(fields.get("current")), String(fields.get("next")));
      form.reset();
      setDone("Your password is changed. All other sessions have ended.");
    } catch (error) {
      setProblem(wordsOf(error));
      setDone("");
    }
  }

  return (
    <details>
      <summary>Change the password</summary>
      {problem && <Problem words={problem} />}
      <form className={styles.password} onSubmit={onSubmit}>
        <label>
          Current password
          <input name="current" type="password" autoComplete="current-password" required />
        </label>
        <label>
          New password
          <input name="next" type="password" autoComplete="new-password" minLength={8} required />
        </label>
        <button type="submit">Change it</button>
        <p role="status">{done}</p>
      </form>
    </details>
  );
}
