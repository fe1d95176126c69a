import { expect, test } from "vitest";
import { Clock } from "./clock";
import { weight } from "./scale";
import { openings, sessionStarts } from "./sessions";

const NEW_YORK = new Clock("America/New_York");
const CHICAGO = new Clock("America/Chicago");
const INDIA = new Clock("Asia/Kolkata");
const at = (iso: string) => Date.parse(iso);

test("an hour that comes twice is told apart by its offset", () => {
  expect(NEW_YORK.moment(at("2026-11-01T05:30:00Z"))).toBe("Sun 01 Nov 2026 01:30 UTC−04:00");
  expect(NEW_YORK.moment(at("2026-11-01T06:30:00Z"))).toBe("Sun 01 Nov 2026 01:30 UTC−05:00");
  expect(NEW_YORK.moment(at("2026-11-02T14:30:00Z"))).toBe("Mon 02 Nov 2026 09:30");
});

test("the hour that is left out in spring is on no wall", () => {
  expect(NEW_YORK.time(at("2026-03-08T06:59:00Z"))).toBe("01:59");
  expect(NEW_YORK.time(at("2026-03-08T07:00:00Z"))).toBe("03:00");
});

test("the wall is right at every quarter of an hour of a year, in zones of all kinds", () => {
  for (const zone of ["America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]) {
    const clock = new Clock(zone);
    const format = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: zone });
    for (let ms = at("2026-01-01T00:00:00Z"); ms < at("2027-01-01T00:00:00Z"); ms += 7 * 900_000) {
      expect(clock.wall(ms).toISOString().slice(0, 16).replace("T", " ")).toBe(format.format(ms));
    }
  }
});

test("a day of the axis begins at the exchange's midnight and not at that of UTC", () => {
  const [day, hours] = [50, 33];
  expect(weight(at("2026-11-20T18:29:00Z"), at("2026-11-20T18:30:00Z"), INDIA)).toBe(day);
  expect(weight(at("2026-11-20T23:59:00Z"), at("2026-11-21T00:00:00Z"), INDIA)).toBeLessThan(hours);
});

test("a day that begins on the evening before is called by its date", () => {
  const days = new Clock("America/Chicago", 12 * 3_600_000);
  expect(days.date(at("2026-11-22T23:00:00Z"))).toBe("Mon 23 Nov 2026");
  expect(new Clock("Asia/Kolkata", 12 * 3_600_000).date(at("2026-11-22T18:30:00Z"))).toBe("Mon 23 Nov 2026");
});

test("sessions begin where the exchange opens, on both sides of a change of clocks", () => {
  const times = ["2026-10-30T20:59:00Z", "2026-11-01T22:59:00Z", "2026-11-01T23:00:00Z", "2026-11-02T06:00:00Z"];
  const series = times.map((time) => ({
    time: at(time),
    ...{ open: 1, high: 1, low: 1, close: 1, volume: 1, state: "final" as const, rev: 0, source: "" },
  }));
  expect(sessionStarts(series, CHICAGO, "1700-1600:23456")).toEqual([1, 2]);
  expect(openings("0900-1130,1230-1500:23456")).toEqual([9 * 3_600_000, 12.5 * 3_600_000]);
  expect(openings("24x7")).toEqual([0]);
});
