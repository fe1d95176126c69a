/** Signing in with email and password, or with Google where the installation has it. */

import { type FormEvent, useState } from "react";
import { Link, Navigate, useSearchParams } from "react-router";
import { useAppDispatch, useAppSelector } from "@/app/store";
import { Problem } from "@/parts/Problem";
import { Doorstep } from "./Doorstep";
import { recognize } from "./SessionProvider";
import { RefusedError, tokens } from "./tokens";

export function SignIn() {
  const dispatch = useAppDispatch();
  const session = useAppSelector((state) => state.session);
  const [search] = useSearchParams();
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  if (session.is === "signed in") {
    return <Navigate to={ownPage(search.get("to"))} replace />;
  }

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem("");
    try {
      await tokens.signIn(String(form.get("email")), String(form.get("password")));
      await recognize(dispatch);
    } catch (error) {
      setProblem(wordsOf(error));
      setBusy(false);
    }
  }

  return (
    <Doorstep title="Sign in">
      {problem && <Problem words={problem} />}
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
      <p>
        No account yet? <Link to="/register">Register</Link>
      </p>
    </Doorstep>
  );
}

/** What to say about a refusal, or that nobody answered. */
export function wordsOf(error: unknown): string {
  return error instanceof RefusedError ? error.message : "The server can not be reached. Try again in a moment.";
}

/** Only a path of this site: what stands in the address may come from anybody. */
export function ownPage(to: string | null): string {
  return to !== null && /^\/(?![/\\])/.test(to) ? to : "/watchlist";
}
