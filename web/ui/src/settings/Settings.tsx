/** What a person may set: the look, how they come in, and the end of their session. */

import { useAppDispatch, useAppSelector } from "@/app/store";
import { tokens } from "@/session/tokens";
import { GoogleLink } from "./GoogleLink";
import { PasswordForm } from "./PasswordForm";
import { preferred } from "./preferences";
import styles from "./Settings.module.css";
import type { Theme } from "./theme";

const THEMES: readonly [Theme, string][] = [
  ["system", "As the system has it"],
  ["dark", "Dark"],
  ["light", "Light"],
];

export function Settings() {
  return (
    <div className={styles.settings}>
      <h1>Settings</h1>
      <Look />
      <Account />
    </div>
  );
}

function Look() {
  const dispatch = useAppDispatch();
  const theme = useAppSelector((state) => state.preferences.values.theme);
  return (
    <fieldset>
      <legend>Look</legend>
      {THEMES.map(([value, words]) => (
        <label key={value}>
          <input
            type="radio"
            name="theme"
            checked={theme === value}
            onChange={() => dispatch(preferred({ theme: value }))}
          />
          {words}
        </label>
      ))}
    </fieldset>
  );
}

function Account() {
  const person = useAppSelector(({ session }) => (session.is === "signed in" ? session.person : null));
  return (
    <section aria-labelledby="account">
      <h2 id="account">Account</h2>
      <dl>
        <dt>Name</dt>
        <dd>{person?.name || "–"}</dd>
        <dt>Email</dt>
        <dd>{person?.email || "–"}</dd>
        <dt>Role</dt>
        <dd>{person?.role === "admin" ? "Administrator" : "User"}</dd>
      </dl>
      <GoogleLink />
      <PasswordForm />
      <p>
        <button type="button" onClick={() => void tokens.signOut()}>
          Sign out
        </button>
      </p>
    </section>
  );
}
