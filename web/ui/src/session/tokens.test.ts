import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RefusedError, Tokens } from "./tokens";

const EXPECTING = { expects: () => true, expect: () => undefined, forget: () => undefined };

describe("tokens", () => {
  let answers: (() => Promise<Response>)[];
  let asked: string[];

  beforeEach(() => {
    vi.useFakeTimers();
    answers = [];
    asked = [];
    vi.stubGlobal("fetch", async (path: string) => {
      asked.push(path);
      const next = answers.shift();
      return next === undefined ? Promise.reject(new TypeError("nobody answers")) : next();
    });
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("are asked for once, however many need one at the same time", async () => {
    answers.push(grant("one"));
    const tokens = new Tokens(EXPECTING);

    expect(await Promise.all([tokens.good(), tokens.good(), tokens.good()])).toEqual(["one", "one", "one"]);
    expect(asked).toEqual(["/auth/refresh"]);
  });

  it("are renewed a minute before their end", async () => {
    answers.push(grant("one"), grant("two"));
    const tokens = new Tokens(EXPECTING);
    await tokens.good();
    vi.advanceTimersByTime(840_001);

    expect(await tokens.good()).toBe("two");
  });

  it("are renewed once for all whose old one was refused, however late they hear of it", async () => {
    answers.push(grant("one"), grant("two"));
    const tokens = new Tokens(EXPECTING);
    await tokens.good();

    expect(await tokens.instead("one")).toBe("two");
    expect(await tokens.instead("one")).toBe("two");
    expect(asked).toHaveLength(2);
  });

  it("are none when the session is over, and all are told", async () => {
    answers.push(refusal(401, "the session is over"));
    const tokens = new Tokens(EXPECTING);
    const told: (string | null)[] = [];
    tokens.onChange((token) => told.push(token));

    expect(await tokens.good()).toBeNull();
    expect(told).toEqual([null]);
  });

  it("are not asked for where no session was ever begun", async () => {
    expect(await new Tokens({ ...EXPECTING, expects: () => false }).good()).toBeNull();
    expect(asked).toEqual([]);
  });

  it("are none when another window has signed out", async () => {
    let isExpected = true;
    answers.push(grant("one"));
    const tokens = new Tokens({ ...EXPECTING, expects: () => isExpected });
    await tokens.good();
    isExpected = false;
    const told: string[] = [];
    tokens.onChange((_, why) => told.push(why));

    expect(await tokens.renew()).toBeNull();
    expect(told).toEqual(["You have signed out in another window."]);
  });

  it("are gone with signing out, which says when the server could not be told", async () => {
    const tokens = new Tokens(EXPECTING);
    const told: string[] = [];
    tokens.onChange((_, why) => told.push(why));
    answers.push(async () => Response.json({ status: "signed out" }));
    await tokens.signOut();
    await tokens.signOut();

    expect(told[0]).toBe("You are signed out.");
    expect(told[1]).toContain("The server could not be told");
  });

  it("stay what they are while the server is away", async () => {
    const tokens = new Tokens(EXPECTING);
    const told: (string | null)[] = [];
    tokens.onChange((token) => told.push(token));

    await expect(tokens.good()).rejects.toThrow();
    expect(told).toEqual([]);
  });

  it("of an administrator come after the role was given, as that ends the sessions before", async () => {
    answers.push(
      async () => Response.json({ id: "operator", role: "admin" }),
      grant("user"),
      async () => Response.json({ id: "7", role: "user" }),
      async () => Response.json({}),
      grant("admin"),
    );
    const tokens = new Tokens(EXPECTING);
    await tokens.registerAdmin("ann@example.org", "calm harbour", "Ann", "printed");

    expect(asked).toEqual(["/auth/me", "/auth/register", "/auth/me", "/users/7", "/auth/login"]);
    expect(await tokens.good()).toBe("admin");
  });

  it.each([
    ["mistyped", refusal(401, "this token is not valid"), "this token is not valid"],
    ["a user's", async () => Response.json({ id: "7", role: "user" }), "This token is not an administrator's."],
  ])("make no account where the administrator's token is %s", async (_, answer, words) => {
    answers.push(answer);

    await expect(
      new Tokens(EXPECTING).registerAdmin("ann@example.org", "calm harbour", "Ann", "other"),
    ).rejects.toThrow(words);
    expect(asked).toEqual(["/auth/me"]);
  });

  it("go on after the password was changed", async () => {
    answers.push(grant("before"), grant("after"));
    const tokens = new Tokens(EXPECTING);
    await tokens.changePassword("calm harbour", "calm lantern");

    expect(await tokens.good()).toBe("after");
  });

  it("are refused in the server's words", async () => {
    answers.push(refusal(401, "email or password is wrong"));

    await expect(new Tokens(EXPECTING).signIn("ann@example.org", "wrong")).rejects.toEqual(
      new RefusedError("email or password is wrong", 401),
    );
  });
});

function grant(token: string) {
  return async () => Response.json({ access_token: token, token_type: "bearer", expires_in: 900 });
}

function refusal(status: number, detail: string) {
  return async () => Response.json({ detail }, { status });
}
