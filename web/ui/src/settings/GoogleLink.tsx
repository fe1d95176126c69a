/** Lets one's Google account sign in to this account, too. */

import { useState } from "react";
import { useSearchParams } from "react-router";
import { Problem } from "@/parts/Problem";
import { googleOutcome } from "@/session/google";
import { useWays } from "@/session/useWays";
import { useLinkGoogleMutation } from "./endpoints";

export function GoogleLink() {
  const ways = useWays();
  const [search] = useSearchParams();
  const [link] = useLinkGoogleMutation();
  const [problem, setProblem] = useState("");
  if (!ways?.google) {
    return null;
  }

  async function leave() {
    const answer = await link();
    if (answer.data) {
      location.assign(answer.data.url);
    } else {
      setProblem("Google can not be reached now. Try again in a moment.");
    }
  }

  const words = problem || googleOutcome(search.get("sign_in"));
  return (
    <div>
      {words && <Problem words={words} />}
      {search.get("sign_in") === "linked" && <p role="status">Your Google account may sign in here now.</p>}
      <button type="button" onClick={leave}>
        Link a Google account
      </button>
    </div>
  );
}
