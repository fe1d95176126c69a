/** The chain that is pushed: the newest snapshot of the one that is looked at. */

import type { UnknownAction } from "@reduxjs/toolkit";
import { received } from "@/socket/batch";
import type { ChainSnapshot } from "./snapshot";

export interface LiveChain {
  /** Whose the snapshot is; empty before the first. */
  channel: string;
  snapshot: ChainSnapshot | null;
}

const NONE: LiveChain = { channel: "", snapshot: null };

/** By hand and not by Immer, which would look at each of hundreds of legs at every frame. */
export function liveChainReducer(state: LiveChain = NONE, action: UnknownAction): LiveChain {
  if (!received.match(action)) {
    return state;
  }
  const push = action.payload.told.findLast(({ channel }) => channel.startsWith("chain."));
  return push === undefined ? state : { channel: push.channel, snapshot: push.data as unknown as ChainSnapshot };
}
