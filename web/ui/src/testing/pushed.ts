/** As if this had come on the socket. */

import { type Batch, received } from "@/socket/batch";

const NOTHING: Batch = { quotes: [], candles: [], statuses: [], told: [], refused: [], holes: [], notices: [] };

export function pushed(...told: [channel: string, data: object][]) {
  return received({ ...NOTHING, told: told.map(([channel, data]) => ({ channel, data: { ...data } })) });
}

/** For a while. */
export function refused(message: string, ...channels: string[]) {
  const error = { code: 410, message, temporary: true };
  return received({ ...NOTHING, refused: channels.map((channel) => ({ channel, error })) });
}
