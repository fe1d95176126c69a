/** The access token, kept in memory only, and its renewal through the cookie that no script can read. */

import { type Memory, memory } from "./memory";
import type { Person } from "./session";

export interface Grant {
  access_token: string;
  expires_in: number;
}

/** What the server says against it, in words for who reads the page. */
export class RefusedError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** Told of each new token; at the end of the session of null, and in words why it is over. */
type Listener = (token: string | null, why: string) => void;

const SIGNED_OUT = "You are signed out.";
const UNTOLD =
  "You are signed out of this window. The server could not be told: sign in and out again when it can be reached.";
const ELSEWHERE = "You have signed out in another window.";
const OVER = "Your session is over.";

const EARLY_MS = 60_000;
const PATIENCE_MS = 15_000;

export class Tokens {
  private token = "";
  private goodUntil = 0;
  private renewal: Promise<string | null> | null = null;
  private readonly listeners = new Set<Listener>();

  constructor(private readonly memory: Memory) {}

  /** A token that is good for a minute at least; null when nobody is signed in. Rejects while the server is away. */
  async good(): Promise<string | null> {
    return Date.now() < this.goodUntil - EARLY_MS ? this.token : this.renew();
  }

  /** In place of one that was refused: the newest if that is another one, else a new one. */
  async instead(refused: string): Promise<string | null> {
    return this.token === refused ? this.renew() : this.good();
  }

  /** A new one; all who ask meanwhile get the same. */
  renew(): Promise<string | null> {
    this.renewal ??= this.ask().finally(() => {
      this.renewal = null;
    });
    return this.renewal;
  }

  async signIn(email: string, password: string): Promise<void> {
    this.keep(await grant("/auth/login", { email, password, client: "browser" }));
  }

  async register(email: string, password: string, name: string): Promise<void> {
    this.keep(await grant("/auth/register", { email, password, name, client: "browser" }));
  }

  /** Makes an account and, with the administrator's token that the first start has printed, an administrator's of it. */
  async registerAdmin(email: string, password: string, name: string, adminToken: string): Promise<void> {
    // First of all: an account made with a mistyped token would be in the way of the next try.
    if ((await whose(adminToken)).role !== "admin") {
      throw new RefusedError("This token is not an administrator's.", 403);
    }
    await this.register(email, password, name);
    const { id } = await whose(this.token);
    await ask("PATCH", `/users/${id}`, adminToken, { role: "admin" });
    await this.signIn(email, password); // a change of role ends the sessions from before
  }

  /** All sessions end with the old password; this one goes on with what the answer has. */
  async changePassword(current: string, next: string): Promise<void> {
    const token = (await this.good()) ?? "";
    const body = { current_password: current, new_password: next, client: "browser" };
    this.keep((await (await ask("POST", "/auth/password", token, body)).json()) as Grant);
  }

  async signOut(): Promise<void> {
    try {
      await ask("POST", "/auth/logout", "", {}); // the cookie names the session, however old the token is
      this.forget(SIGNED_OUT);
    } catch {
      this.forget(UNTOLD);
    }
  }

  /** Returns how to hear no more. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private async ask(): Promise<string | null> {
    if (!this.memory.expects()) {
      if (this.token !== "") {
        this.forget(ELSEWHERE);
      }
      return null;
    }
    try {
      // Two windows that renew at once would show one cookie twice, which looks like theft and ends the session.
      this.keep(await alone(() => grant("/auth/refresh", {})));
    } catch (error) {
      if (!(error instanceof RefusedError && (error.status === 401 || error.status === 403))) {
        throw error;
      }
      this.forget(OVER);
      return null;
    }
    return this.token;
  }

  private keep(fresh: Grant): void {
    this.token = fresh.access_token;
    this.goodUntil = Date.now() + fresh.expires_in * 1000;
    this.memory.expect();
    this.tell(this.token, "");
  }

  private forget(why: string): void {
    this.token = "";
    this.goodUntil = 0;
    this.memory.forget();
    this.tell(null, why);
  }

  private tell(token: string | null, why: string): void {
    for (const listener of this.listeners) {
      listener(token, why);
    }
  }
}

export const tokens = new Tokens(memory);

/** Browsers have locks only on pages that came safely; elsewhere the server's patience with a cookie shown twice must do. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  return locks === undefined ? await work() : await locks.request("ticktree-session", work);
}

async function whose(token: string): Promise<Person> {
  return (await (await ask("GET", "/auth/me", token)).json()) as Person;
}

async function grant(path: string, body: object): Promise<Grant> {
  return (await (await ask("POST", path, "", body)).json()) as Grant;
}

async function ask(method: string, path: string, token: string, body?: object): Promise<Response> {
  const response = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!response.ok) {
    throw new RefusedError(await words(response), response.status);
  }
  return response;
}

async function words(response: Response): Promise<string> {
  try {
    return ((await response.json()) as { detail: string }).detail;
  } catch {
    return `the server answered ${response.status}`;
  }
}
