/** The time axis: true UTC beneath, the exchange's wall on top. Days and hours begin where they begin there. */

import {
  defaultHorzScaleBehavior,
  TickMarkType,
  type Time,
  type TimeScalePoint,
  type UTCTimestamp,
} from "lightweight-charts";
import type { Clock } from "./clock";

type Weight = TimeScalePoint["timeWeight"];

const YEAR = 70;
const MONTH = 60;
const DAY = 50;
/** What the library calls weights, by the length of what begins. */
const WITHIN_A_DAY: readonly (readonly [number, number])[] = [
  [12 * 3_600_000, 33],
  [6 * 3_600_000, 32],
  [3 * 3_600_000, 31],
  [3_600_000, 30],
  [1_800_000, 22],
  [300_000, 21],
  [60_000, 20],
  [1_000, 10],
];

/** How much begins between two moments on the wall. */
export function weight(beforeMs: number, ms: number, clock: Clock): number {
  const [before, now] = [clock.wall(beforeMs), clock.wall(ms)];
  if (before.getUTCFullYear() !== now.getUTCFullYear()) {
    return YEAR;
  }
  if (before.getUTCMonth() !== now.getUTCMonth()) {
    return MONTH;
  }
  if (before.getUTCDate() !== now.getUTCDate()) {
    return DAY;
  }
  const begun = ([length]: readonly [number, number]) =>
    Math.floor(before.getTime() / length) !== Math.floor(now.getTime() / length);
  return WITHIN_A_DAY.find(begun)?.[1] ?? 0;
}

/** The library's own scale, which knows UTC only, with the weights of the exchange's days. */
export class ExchangeScale extends defaultHorzScaleBehavior() {
  constructor(private readonly clock: Clock) {
    super();
  }

  override fillWeightsForPoints(
    points: readonly { -readonly [Key in keyof TimeScalePoint]: TimeScalePoint[Key] }[],
    start = 0,
  ): void {
    for (let place = start; place < points.length; place += 1) {
      const point = points[place];
      const before = points[place - 1];
      if (point !== undefined) {
        point.timeWeight = (before === undefined ? DAY : weight(msOf(before), msOf(point), this.clock)) as Weight;
      }
    }
  }
}

/** What stands at a tick mark of the axis. */
export function markText(time: Time, type: TickMarkType, clock: Clock): string {
  const ms = (time as UTCTimestamp) * 1000;
  switch (type) {
    case TickMarkType.Year:
      return String(clock.wall(ms).getUTCFullYear());
    case TickMarkType.Month:
      return clock.month(ms);
    case TickMarkType.DayOfMonth:
      return String(clock.wall(ms).getUTCDate());
    default:
      return clock.time(ms);
  }
}

function msOf(point: TimeScalePoint): number {
  return (point.originalTime as UTCTimestamp) * 1000;
}
