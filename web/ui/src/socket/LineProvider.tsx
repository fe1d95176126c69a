/** The page's one socket: open while somebody is signed in, feeding the store once a frame. */

import { createContext, type ReactNode, useContext, useEffect, useMemo } from "react";
import { lineChanged } from "@/app/interface";
import { useAppDispatch, useAppSelector } from "@/app/store";
import { tokens } from "@/session/tokens";
import { Gathering, received } from "./batch";
import { Line } from "./line";

const LineContext = createContext<Line | null>(null);

export function LineProvider({ children }: { children: ReactNode }) {
  const dispatch = useAppDispatch();
  const isSignedIn = useAppSelector((state) => state.session.is === "signed in");
  const line = useMemo(() => {
    const gathering = new Gathering((batch) => dispatch(received(batch)));
    return new Line({
      address: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
      token: (isRefused) => (isRefused ? tokens.renew() : tokens.good()),
      onEvents: (events) => gathering.add(events),
      onState: (state) => dispatch(lineChanged(state)),
    });
  }, [dispatch]);

  useEffect(() => {
    if (!isSignedIn) {
      return undefined;
    }
    line.start();
    const stopRenewing = keepFresh(line);
    const onOnline = () => line.hurry();
    window.addEventListener("online", onOnline);
    return () => {
      window.removeEventListener("online", onOnline);
      stopRenewing();
      line.stop();
    };
  }, [line, isSignedIn]);

  return <LineContext value={line}>{children}</LineContext>;
}

/** Follows these channels while the component is on the page. */
export function useFollow(channels: readonly string[]): void {
  const line = useContext(LineContext);
  const key = channels.join(" ");
  useEffect(() => {
    const wanted = key === "" ? [] : key.split(" ");
    line?.follow(wanted);
    return () => line?.leave(wanted);
  }, [line, key]);
}

const RENEW_MS = 30_000;

/** The socket ends with its token; so it is shown each new one, and one is asked for in time. */
function keepFresh(line: Line): () => void {
  const stop = tokens.onChange((token) => {
    if (token !== null) {
      line.renew(token);
    }
  });
  const timer = setInterval(() => void tokens.good().catch(() => null), RENEW_MS);
  return () => {
    clearInterval(timer);
    stop();
  };
}
