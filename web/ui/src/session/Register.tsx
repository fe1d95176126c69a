/** Making an account, where people may. */

import { Link, Navigate } from "react-router";
import { useAppSelector } from "@/app/store";
import { Problem } from "@/parts/Problem";
import { Doorstep } from "./Doorstep";
import { tokens } from "./tokens";
import { useEntering } from "./useEntering";
import { useWays } from "./useWays";

export function Register() {
  const session = useAppSelector((state) => state.session);
  const ways = useWays();
  const { problem, isBusy, onSubmit } = useEntering((field) => {
    const [email, password, name, admin] = [field("email"), field("password"), field("name"), field("admin").trim()];
    return admin ? tokens.registerAdmin(email, password, name, admin) : tokens.register(email, password, name);
  });
  if (session.is === "signed in") {
    return <Navigate to="/watchlist" replace />;
  }
  return (
    <Doorstep title="Register">
      {ways?.registration === false && (
        <Problem words="Accounts are made by the administrator here. Ask them for one." />
      )}
      {problem && <Problem words={problem} />}
      <form onSubmit={onSubmit}>
        <label>
          Name
          <input name="name" autoComplete="name" />
        </label>
        <label>
          Email
          <input name="email" type="email" autoComplete="username" required />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            autoComplete="new-password"
            minLength={8}
            required
            aria-describedby="password-words"
          />
        </label>
        <p id="password-words" className="quiet">
          Eight characters at least; longer is better, and a few words are good.
        </p>
        <details>
          <summary>I run this installation</summary>
          <label>
            Administrator's token
            <input name="admin" type="password" autoComplete="off" aria-describedby="admin-words" />
          </label>
          <p id="admin-words" className="quiet">
            The first start has printed it. With it this account becomes an administrator's.
          </p>
        </details>
        <button type="submit" data-kind="main" disabled={isBusy || ways?.registration === false}>
          {isBusy ? "Making the account…" : "Register"}
        </button>
      </form>
      <p>
        <Link to="/sign-in">I have an account</Link>
      </p>
    </Doorstep>
  );
}
