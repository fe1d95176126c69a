/** Finds out who is signed in: when the page opens, and whenever this window or another one signs in or out. */

import { type ReactNode, useEffect } from "react";
import { api } from "@/api/api";
import { type Dispatch, useAppDispatch } from "@/app/store";
import { forgotten } from "@/settings/preferences";
import { pauseMs } from "@/socket/pauses";
import { me } from "./endpoints";
import { memory, onElsewhere } from "./memory";
import { reasonOf } from "./refusals";
import { signedIn, signedOut, unknown } from "./session";
import { tokens } from "./tokens";

export function SessionProvider({ children }: { children: ReactNode }) {
  const dispatch = useAppDispatch();
  useEffect(() => {
    const finding = new AbortController();
    const stopTokens = tokens.onChange((token, why) => {
      if (token === null) {
        leave(dispatch, why);
      }
    });
    const stopElsewhere = onElsewhere(() => {
      void (memory.expects() ? find(dispatch, finding.signal) : tokens.renew());
    });
    void find(dispatch, finding.signal);
    return () => {
      finding.abort();
      stopElsewhere();
      stopTokens();
    };
  }, [dispatch]);
  return children;
}

/** Whoever signs in next finds nothing here of who was here before. */
function leave(dispatch: Dispatch, why: string): void {
  dispatch(signedOut(why));
  dispatch(forgotten());
  dispatch(api.util.resetApiState());
}

/** Reads who the token belongs to; what the pages may show depends on it. */
export async function recognize(dispatch: Dispatch): Promise<void> {
  dispatch(signedIn(await dispatch(me.initiate(undefined, { forceRefetch: true, subscribe: false })).unwrap()));
}

/** Until the server has told us: it may be starting just now. */
async function find(dispatch: Dispatch, signal: AbortSignal): Promise<void> {
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      if ((await tokens.good()) === null) {
        dispatch(signedOut(""));
      } else {
        await recognize(dispatch);
      }
      return;
    } catch (error) {
      dispatch(unknown(`${reasonOf(error)} Trying again…`));
      await new Promise((done) => setTimeout(done, pauseMs(tries)));
    }
  }
}
