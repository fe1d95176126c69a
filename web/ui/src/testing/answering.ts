/** A server for the tests of components: the document that they have can not resolve addresses, nor give up requests. */

import { vi } from "vitest";

const SITE = "http://localhost";

/** Until `vi.unstubAllGlobals()`. */
export function answering(answer: (asked: Request) => Promise<Response>): void {
  vi.stubGlobal(
    "Request",
    class extends Request {
      constructor(address: string | URL | Request, options?: RequestInit) {
        super(typeof address === "string" ? new URL(address, SITE) : address, { ...options, signal: null });
      }
    },
  );
  vi.stubGlobal("fetch", (asked: Request | string, options?: RequestInit) =>
    answer(typeof asked === "string" ? new Request(asked, options) : asked),
  );
}
