/** As if this had come on the socket. */

import { received } from "@/socket/batch";

export function pushed(...told: [channel: string, data: object][]) {
  return received({
    quotes: [],
    candles: [],
    statuses: [],
    told: told.map(([channel, data]) => ({ channel, data: { ...data } })),
    refused: [],
    holes: [],
    notices: [],
  });
}
