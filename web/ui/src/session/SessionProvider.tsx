/** Finds out who is signed in: when the page opens, and whenever the token changes. */

import { type ReactNode, useEffect } from "react";
import { api } from "@/api/api";
import { type Dispatch, useAppDispatch } from "@/app/store";
import { pauseMs } from "@/socket/pauses";
import { me } from "./endpoints";
import { signedIn, signedOut, unknown } from "./session";
import { tokens } from "./tokens";

export function SessionProvider({ children }: { children: ReactNode }) {
  const dispatch = useAppDispatch();
  useEffect(() => {
    const finding = new AbortController();
    const stop = tokens.onChange((token) => {
      if (token === null) {
        dispatch(signedOut("You are signed out."));
        dispatch(api.util.resetApiState());
      }
    });
    void find(dispatch, finding.signal);
    return () => {
      finding.abort();
      stop();
    };
  }, [dispatch]);
  return children;
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
    } catch {
      dispatch(unknown("The server can not be reached; trying again."));
      await new Promise((done) => setTimeout(done, pauseMs(tries)));
    }
  }
}
