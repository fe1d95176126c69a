import { describe, expect, it } from "vitest";
import { googleAddress, googleOutcome } from "./google";
import { ownPage } from "./ownPage";

describe("signing in with Google", () => {
  it("comes back by the sign-in page to where one was", () => {
    const address = new URL(googleAddress("/chart/NSE:TCS?timeframe=5m"), "https://here");
    const back = new URL(address.searchParams.get("return_to") ?? "", "https://here");

    expect([back.pathname, back.searchParams.get("to")]).toEqual(["/sign-in", "/chart/NSE:TCS?timeframe=5m"]);
  });

  it("says what went wrong, also when it is new to us", () => {
    expect(googleOutcome("denied")).toContain("did not agree");
    expect(googleOutcome("something_new")).toContain("Try again");
    expect(googleOutcome(null)).toBe("");
  });
});

describe("the page one goes on to", () => {
  it.each(["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", null])(
    "is never %s",
    (to) => {
      expect(ownPage(to)).toBe("/watchlist");
    },
  );

  it("is a path of this site", () => {
    expect(ownPage("/chart/NSE:TCS?timeframe=5m")).toBe("/chart/NSE:TCS?timeframe=5m");
  });
});
