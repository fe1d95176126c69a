/** One socket after the other, as long as it is wanted: opens, signs in, resumes, and comes back after a pause. */

import { decode, encode } from "@msgpack/msgpack";
import { AUTH, type Event, Following } from "./following";
import type { Incoming, Outgoing } from "./messages";
import { pauseMs } from "./pauses";

export type LineState =
  | { is: "idle" }
  | { is: "connecting"; tries: number }
  | { is: "open" }
  /** It comes back by itself. */
  | { is: "away"; why: string; tries: number; againAt: number }
  /** It does not come back by itself. */
  | { is: "refused"; why: string; code: number };

export interface LineOptions {
  address: string;
  /** A token that is good now, and a new one where the last was not; null: the session is over. Rejects while away. */
  token(isRefused: boolean): Promise<string | null>;
  onEvents(events: Event[]): void;
  onState(state: LineState): void;
  open?(address: string, protocol: string): WebSocket;
  random?(): number;
}

const PROTOCOL = "ticktree.msgpack.v1";
/** We hear a ping at least that often only as a protocol frame, which scripts do not see; so we ask. */
const QUESTION_MS = 20_000;
/** Whoever scrolls follows other channels with each frame; the server takes twenty messages a second. */
const CHANGES_MS = 100;
const OPENING_MS = 10_000;
const TOKEN = 3500;
/** `WebSocket.OPEN`, also where there is no WebSocket. */
const OPEN = 1;

export class Line {
  private readonly following = new Following();
  private socket: WebSocket | null = null;
  private again: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private opening: ReturnType<typeof setTimeout> | undefined;
  private tries = 0;
  private changing: ReturnType<typeof setTimeout> | undefined;
  /** Whether nothing was heard since the last question. */
  private isSilent = false;
  private isTokenRefused = false;
  private wanted = false;
  private generation = 0;

  constructor(private readonly options: LineOptions) {}

  start(): void {
    this.wanted = true;
    this.hurry();
  }

  /** The network is back: no need to wait any longer. */
  hurry(): void {
    if (this.wanted && this.socket === null) {
      clearTimeout(this.again);
      void this.connect();
    }
  }

  stop(): void {
    this.wanted = false;
    this.generation += 1;
    this.drop();
    clearTimeout(this.again);
    this.options.onState({ is: "idle" });
  }

  follow(channels: readonly string[]): void {
    this.following.follow(channels);
    this.changeSoon();
  }

  leave(channels: readonly string[]): void {
    this.following.leave(channels);
    this.changeSoon();
  }

  /** A fresh token of the same user, so that the socket outlives the one that it was opened with. */
  renew(token: string): void {
    this.send({ id: AUTH, action: "auth", token });
  }

  private async connect(): Promise<void> {
    const generation = ++this.generation;
    this.options.onState({ is: "connecting", tries: this.tries });
    let token: string | null;
    try {
      token = await this.options.token(this.isTokenRefused);
      this.isTokenRefused = false;
    } catch {
      this.comeBack(generation, "the server can not be reached");
      return;
    }
    if (generation !== this.generation) {
      return;
    }
    if (token === null) {
      this.refuse("the session is over", TOKEN);
      return;
    }
    this.begin(generation, token);
  }

  private begin(generation: number, token: string): void {
    const open = this.options.open ?? ((address: string, protocol: string) => new WebSocket(address, protocol));
    const socket = open(this.options.address, PROTOCOL);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.opening = setTimeout(() => this.ended(generation, 0, "the server does not answer"), OPENING_MS);
    socket.onopen = () => this.opened(socket, token);
    socket.onmessage = (message) => this.heard(message.data as ArrayBuffer);
    socket.onclose = (close) => this.ended(generation, close.code, close.reason);
  }

  private opened(socket: WebSocket, token: string): void {
    socket.send(encode({ id: AUTH, action: "auth", token } satisfies Outgoing));
    socket.send(encode(this.following.begin()));
    this.isSilent = false;
    this.watch = setInterval(() => this.look(), QUESTION_MS);
  }

  private heard(data: ArrayBuffer): void {
    this.isSilent = false;
    const told = decode(data) as Incoming | Incoming[];
    const messages = Array.isArray(told) ? told : [told];
    this.options.onEvents(messages.flatMap((message) => this.read(message)));
  }

  private read(message: Incoming): Event[] {
    if ("action" in message && message.action === "subscribe" && this.opening !== undefined) {
      clearTimeout(this.opening);
      this.opening = undefined;
      this.tries = 0;
      this.options.onState({ is: "open" });
    }
    return this.following.receive(message);
  }

  private look(): void {
    if (this.isSilent) {
      this.ended(this.generation, 0, "nothing was heard of the server");
    } else {
      this.isSilent = true;
      this.send(this.following.question());
    }
  }

  private ended(generation: number, code: number, reason: string): void {
    if (generation !== this.generation) {
      return;
    }
    this.drop();
    this.isTokenRefused ||= code === TOKEN;
    if (code >= 3500 && code < 4000 && code !== TOKEN) {
      this.refuse(reason, code);
    } else {
      this.comeBack(generation, reason || "the connection broke");
    }
  }

  private comeBack(generation: number, why: string): void {
    if (!this.wanted || generation !== this.generation) {
      return;
    }
    const pause = pauseMs(this.tries, this.options.random);
    this.tries += 1;
    this.options.onState({ is: "away", why, tries: this.tries, againAt: Date.now() + pause });
    this.again = setTimeout(() => void this.connect(), pause);
  }

  private refuse(why: string, code: number): void {
    this.wanted = false;
    this.options.onState({ is: "refused", why, code });
  }

  private changeSoon(): void {
    this.changing ??= setTimeout(() => this.change(), CHANGES_MS);
  }

  /** What is followed while nobody listens is asked for when the next connection begins. */
  private change(): void {
    this.changing = undefined;
    if (this.socket?.readyState === OPEN) {
      for (const message of this.following.changes()) {
        this.send(message);
      }
    }
  }

  private send(message: Outgoing): void {
    if (this.socket?.readyState === OPEN) {
      this.socket.send(encode(message));
    }
  }

  private drop(): void {
    clearTimeout(this.opening);
    clearInterval(this.watch);
    this.opening = undefined;
    if (this.socket !== null) {
      this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
      this.socket.close();
      this.socket = null;
    }
  }
}
