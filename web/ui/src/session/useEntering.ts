import { type FormEvent, useState } from "react";
import { useAppDispatch } from "@/app/store";
import { wordsOf } from "./refusals";
import { recognize } from "./SessionProvider";

export interface Entering {
  problem: string;
  isBusy: boolean;
  onSubmit(event: FormEvent<HTMLFormElement>): Promise<void>;
}

/** A form that leads to a session: what it does, whether it is at it, and what went wrong. */
export function useEntering(enter: (field: (name: string) => string) => Promise<void>): Entering {
  const dispatch = useAppDispatch();
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem("");
    try {
      await enter((name) => String(form.get(name) ?? ""));
      await recognize(dispatch);
    } catch (error) {
      setProblem(wordsOf(error));
      setBusy(false);
    }
  }

  return { problem, isBusy, onSubmit };
}
