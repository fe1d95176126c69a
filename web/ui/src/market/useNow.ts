import { useSyncExternalStore } from "react";
import { marketClock } from "./clock";

const listen = (ring: () => void) => marketClock.listen(ring);
const nowMs = () => marketClock.nowMs;

/** The server's time, milliseconds UTC; who uses it draws again every few seconds. */
export function useNow(): number {
  return useSyncExternalStore(listen, nowMs);
}
