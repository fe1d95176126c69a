import { useState } from "react";
import type { QueryError } from "@/api/problems";
import type { Question } from "./Confirm";
import { refusalWords } from "./words";

/** How the last command went, in words. */
export interface Outcome {
  words: string;
  isRefused: boolean;
}

export interface Wish extends Omit<Question, "onYes"> {
  /** Said when it is done, by what was answered. */
  done: string | ((answer: unknown) => string);
  send(): { unwrap(): Promise<unknown> };
}

/** Commands that are asked about first, sent one at a time, and whose outcome is told. */
export function useCommand() {
  const [asked, setAsked] = useState<Question | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function run({ send, done, question }: Wish): Promise<void> {
    setBusy(true);
    setOutcome({ words: `${question.replace(/\?$/, "")}…`, isRefused: false });
    try {
      const answer = await send().unwrap();
      setOutcome({ words: typeof done === "string" ? done : done(answer), isRefused: false });
    } catch (error) {
      setOutcome({ words: refusalWords(error as QueryError), isRefused: true });
    } finally {
      setBusy(false);
    }
  }

  function ask(wish: Wish): void {
    setAsked({ ...wish, onYes: () => void run(wish) });
  }

  return { ask, run, asked, outcome, isBusy, close: () => setAsked(null) };
}

export type Command = ReturnType<typeof useCommand>;
