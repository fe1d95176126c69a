/** The newest that was pushed on one kind of channels, where only one of them is looked at. */

import type { UnknownAction } from "@reduxjs/toolkit";
import { received } from "./batch";

export interface Newest<Data> {
  /** Whose the data are; empty before the first. */
  channel: string;
  data: Data | null;
}

/** The reducer of a kind. By hand and not by Immer, which would look at each part of the data at every frame. */
export function newestOf<Data>(kind: string) {
  const none: Newest<Data> = { channel: "", data: null };
  return (state: Newest<Data> = none, action: UnknownAction): Newest<Data> => {
    if (!received.match(action)) {
      return state;
    }
    const push = action.payload.told.findLast(({ channel }) => channel.startsWith(`${kind}.`));
    return push === undefined ? state : { channel: push.channel, data: push.data as unknown as Data };
  };
}
