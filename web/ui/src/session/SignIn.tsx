/** Signing in with email and password, or with Google where the installation has it. */

import { Link, Navigate, useSearchParams } from "react-router";
import { useAppSelector } from "@/app/store";
import { Problem } from "@/parts/Problem";
import { Doorstep } from "./Doorstep";
import { googleAddress, googleOutcome } from "./google";
import { memory } from "./memory";
import { ownPage } from "./ownPage";
import { tokens } from "./tokens";
import { useEntering } from "./useEntering";
import { useWays } from "./useWays";

export function SignIn() {
  const session = useAppSelector((state) => state.session);
  const [search] = useSearchParams();
  const ways = useWays();
  const { problem, isBusy, onSubmit } = useEntering((field) => tokens.signIn(field("email"), field("password")));
  const to = ownPage(search.get("to"));
  if (session.is === "signed in") {
    return <Navigate to={to} replace />;
  }
  const words = problem || googleOutcome(search.get("sign_in"));
  return (
    <Doorstep title="Sign in">
      {words && <Problem words={words} />}
      <p role="status">{session.why}</p>
      <form onSubmit={onSubmit}>
        <label>
          Email
          <input name="email" type="email" autoComplete="username" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <button type="submit" data-kind="main" disabled={isBusy}>
          {isBusy ? "Signing in…" : "Sign in"}
        </button>
      </form>
      {ways?.google && (
        <a href={googleAddress(to)} onClick={memory.expect}>
          Sign in with Google
        </a>
      )}
      {ways?.registration && (
        <p>
          No account yet? <Link to="/register">Register</Link>
        </p>
      )}
    </Doorstep>
  );
}
