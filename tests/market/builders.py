"""Short ways to write times, ticks and books."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from engine.market import Calendar, Candle, CandleBook, CandleState, Tick, VolumeMeter

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
GRACE = 2 * SECOND
INSTRUMENT = "NSE:RELIANCE"
INDIA = ZoneInfo("Asia/Kolkata")


def at(text: str, zone: ZoneInfo = INDIA) -> int:
    """Nanoseconds of ``2025-11-03 09:15`` or ``2025-11-03 09:15:30`` on the exchange's wall."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * SECOND


def clock(ns: int, zone: ZoneInfo = INDIA) -> str:
    return datetime.fromtimestamp(ns / SECOND, zone).strftime("%H:%M")


def tick(
    ns: int, price: float, volume: int | None, *, provider: str = "dhan", recv_ns: int | None = None, **more: object
) -> Tick:
    """A tick that was received at once, unless said otherwise; without a total it has no size either."""
    return Tick(
        INSTRUMENT, price, int(volume is not None), volume, ns, ns if recv_ns is None else recv_ns, provider, **more
    )  # type: ignore[arg-type]


def minute(ns: int, price: float = 100.0, volume: int = 10, **more: object) -> Candle:
    fields = {"state": CandleState.FINAL, "source": "dhan", **more}
    return Candle(INSTRUMENT, "1m", ns, price, price + 1, price - 1, price, volume, **fields)  # type: ignore[arg-type]


class Runner:
    """A book and its meter driven as an actor drives them: a tick, and a clock that closes what ended."""

    def __init__(self, calendar: Calendar, *, volume: int = 0, day: date = date(2025, 11, 3)) -> None:
        self.calendar = calendar
        self.book = CandleBook(INSTRUMENT, calendar, "dhan")
        self.meter = VolumeMeter()
        if volume is not None:
            self.meter.measure(tick(at(f"{day} 09:15"), 100.0, volume), day)
        self.closed: list[Candle] = []

    def feed(self, *ticks: Tick) -> "Runner":
        for one in ticks:
            if one.ts_recv >= self.book.next_close_ns + GRACE:
                self.clock(one.ts_recv)
            self.book.add(one, self.meter.measure(one, self.book.session_date(one.ts_event)))
            self.closed += self.book.take_revised()
        return self

    def trade(self, time: str, price: float, volume: int | None, **more: object) -> "Runner":
        return self.feed(tick(at(time), price, volume, **more))  # type: ignore[arg-type]

    def clock(self, ns: int) -> list[Candle]:
        closed = self.book.close_until(ns - GRACE)
        self.closed += closed
        return closed

    def final(self, timeframe: str) -> list[Candle]:
        """The newest revision of every closed candle, in order of time."""
        newest = {candle.time: candle for candle in self.closed if candle.timeframe == timeframe}
        return [newest[time] for time in sorted(newest)]


def numbers(candle: Candle | None) -> tuple[float, float, float, float, int]:
    assert candle is not None
    return candle.open, candle.high, candle.low, candle.close, candle.volume
