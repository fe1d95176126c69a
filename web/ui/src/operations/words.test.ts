import { describe, expect, it } from "vitest";
import { actionsFor, refusalWords, statesText } from "./words";

describe("an answer that is none", () => {
  it.each([
    [0, "The server can not be reached.", "The server can not be reached."],
    [409, "/engine is the root, which nobody restarts.", "Refused (409): /engine is the root, which nobody restarts."],
    [504, "engine did not answer within 5 s", "No answer in time (504): Engine did not answer within 5 s."],
    [503, "no engine has shown itself", "Not available now (503): No engine has shown itself."],
    [404, "there is no such user", "There is no such user. (404)"],
  ])("of %i is told as it is", (status, detail, words) => {
    expect(refusalWords({ status, detail, code: "" })).toBe(words);
  });
});

it("states are counted in words, the troubling ones first", () => {
  expect(statesText({ running: 1_203, "backing off": 1 })).toBe("1 backing off, 1,203 running");
});

it("only what makes sense is offered: who is dead can be restarted, who is paused can go on", () => {
  expect(actionsFor("dead")).toEqual(["restart"]);
  expect(actionsFor("paused")).toContain("resume");
  expect(actionsFor("running")).not.toContain("resume");
});
