"""The chart builder: reads what both stores hold of a chart's window and keeps it in the chart cache, by days."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from engine.market import Calendar, Calendars, Candle, CandleState, TradingDay
from engine.market.window import bars_in, window_start_ns
from engine.storage.durable import DurableStore
from engine.storage.history import newest
from engine.storage.hot import ChartAbout, HotStore

BARS_A_PORTION = 5_000
"""Read and written at once: a year of minutes in one go would hold the loop, and with it the feeds."""
_DAY = timedelta(days=1)


class ChartBuilder:
    """Makes charts. Whatever it is stopped at, what stands are whole days."""

    def __init__(self, hot: HotStore, durable: DurableStore, calendars: Calendars) -> None:
        self._hot = hot
        self._durable = durable
        self._calendars = calendars

    async def build(self, instrument: str, timeframe: str, now_ns: int) -> None:
        """The whole chart; raises ``StorageUnavailableError`` when one of the stores is away."""
        calendar, built = self._calendars.of(instrument), list[date]()
        start_ns = window_start_ns(calendar, timeframe, now_ns)
        for days in _portions(calendar, timeframe, start_ns, now_ns):
            first_ns, last_ns = days[0].start_ns, days[-1].end_ns
            saved = await self._durable.candles(instrument, timeframe, first_ns, last_ns)
            hot = await self._hot.candles(instrument, timeframe, first_ns, last_ns)
            closed = (candle for candle in (*saved, *hot) if candle.state is not CandleState.FORMING)
            chunks = _by_day(calendar, newest(closed))
            await self._hot.write_chart_days(instrument, timeframe, chunks)
            built += chunks
        await self._hot.finish_chart(instrument, timeframe, ChartAbout(now_ns, start_ns), built)

    async def patch(self, instrument: str, timeframe: str, candles: Iterable[Candle]) -> None:
        """Puts closed and revised candles into a chart that stands; only their days are written."""
        chunks = _by_day(self._calendars.of(instrument), candles)
        for day, changed in chunks.items():
            before = await self._hot.chart_days(instrument, timeframe, [day])
            await self._hot.write_chart_days(instrument, timeframe, {day: newest([*before, *changed])})


def _portions(calendar: Calendar, timeframe: str, start_ns: int, now_ns: int) -> Iterator[Sequence[TradingDay]]:
    first, last = calendar.session_date(start_ns), calendar.local_date(now_ns) + _DAY
    days = [day for day in calendar.trading_days(first, last) if day.start_ns <= now_ns]
    size = max(1, BARS_A_PORTION // max((bars_in(day, timeframe) for day in days), default=1))
    for start in range(0, len(days), size):
        yield days[start : start + size]


def _by_day(calendar: Calendar, candles: Iterable[Candle]) -> dict[date, list[Candle]]:
    days: dict[date, list[Candle]] = {}
    for candle in candles:
        days.setdefault(calendar.session_date(candle.time), []).append(candle)
    return days
