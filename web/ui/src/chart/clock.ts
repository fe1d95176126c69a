/** The clock on an exchange's wall: what time it is there, right through the nights when clocks are changed. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const DAY_MS = 86_400_000;
/** All zones change their clocks at a full quarter of an hour. */
const QUARTER_MS = 900_000;

export class Clock {
  private readonly format: Intl.DateTimeFormat;
  private readonly days = new Map<number, number | null>();
  private readonly quarters = new Map<number, number>();

  /** `aheadMs` shows all times so much later: a day that begins on the evening before is called by its date at noon. */
  constructor(
    readonly zone: string,
    private readonly aheadMs = 0,
  ) {
    this.format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** The wall's date and time; read it with the getters for UTC. */
  wall(ms: number): Date {
    return new Date(ms + this.aheadMs + this.offset(ms + this.aheadMs));
  }

  /** How far the wall is ahead of UTC, milliseconds. */
  offset(ms: number): number {
    return (
      this.steady(ms) ?? kept(this.quarters, Math.floor(ms / QUARTER_MS), (quarter) => this.read(quarter * QUARTER_MS))
    );
  }

  /** `Sat 21 Nov 2026 09:15`; with the offset on days on which it changes, as an hour then comes twice. */
  moment(ms: number): string {
    const offset = this.steady(ms) === null ? ` UTC${hours(this.offset(ms))}` : "";
    return `${this.date(ms)} ${this.time(ms)}${offset}`;
  }

  /** `Sat 21 Nov 2026` */
  date(ms: number): string {
    const wall = this.wall(ms);
    const month = MONTHS[wall.getUTCMonth()];
    return `${WEEKDAYS[wall.getUTCDay()]} ${two(wall.getUTCDate())} ${month} ${wall.getUTCFullYear()}`;
  }

  /** `09:15` */
  time(ms: number): string {
    return this.wall(ms).toISOString().slice(11, 16);
  }

  /** `Nov` */
  month(ms: number): string {
    return MONTHS[this.wall(ms).getUTCMonth()] ?? "";
  }

  /** The offset of a whole day, so that a year of minutes is asked of the zone a few hundred times; null where it changes. */
  private steady(ms: number): number | null {
    return kept(this.days, Math.floor(ms / DAY_MS), (day) => {
      const offset = this.read(day * DAY_MS);
      return this.read((day + 1) * DAY_MS) === offset ? offset : null;
    });
  }

  private read(ms: number): number {
    const parts = this.format.formatToParts(ms);
    const number = (type: string) => Number(parts.find((part) => part.type === type)?.value);
    const date = [number("year"), number("month") - 1, number("day")] as const;
    return Date.UTC(...date, number("hour"), number("minute"), number("second")) - Math.floor(ms / 1000) * 1000;
  }
}

function kept<Value>(known: Map<number, Value>, key: number, find: (key: number) => Value): Value {
  if (!known.has(key)) {
    known.set(key, find(key));
  }
  return known.get(key) as Value;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function hours(offsetMs: number): string {
  const minutes = Math.abs(offsetMs) / 60_000;
  return `${offsetMs < 0 ? "−" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
