/** Making an account. */

import { type FormEvent, useState } from "react";
import { Link, Navigate } from "react-router";
import { useAppDispatch, useAppSelector } from "@/app/store";
import { Problem } from "@/parts/Problem";
import { Doorstep } from "./Doorstep";
import { recognize } from "./SessionProvider";
import { wordsOf } from "./SignIn";
import { tokens } from "./tokens";

export function Register() {
  const dispatch = useAppDispatch();
  const session = useAppSelector((state) => state.session);
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  if (session.is === "signed in") {
    return <Navigate to="/watchlist" replace />;
  }

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem("");
    try {
      await tokens.register(String(form.get("email")), String(form.get("password")), String(form.get("name")));
      await recognize(dispatch);
    } catch (error) {
      setProblem(wordsOf(error));
      setBusy(false);
    }
  }

  return (
    <Doorstep title="Register">
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
          <input name="password" type="password" autoComplete="new-password" minLength={8} required />
        </label>
        <button type="submit" data-kind="main" disabled={isBusy}>
          {isBusy ? "Making the account…" : "Register"}
        </button>
      </form>
      <p>
        <Link to="/sign-in">I have an account</Link>
      </p>
    </Doorstep>
  );
}
