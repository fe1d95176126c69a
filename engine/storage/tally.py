"""The tally: how complete the last days are, by exchange and timeframe; counted inside PostgreSQL, hardly read."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import anyio.lowlevel
import msgspec

from engine.market.calendar import Calendar, Session
from engine.market.calendars import Calendars
from engine.market.ledger import Evidence, read_ledger, sessions_until
from engine.market.timeframe import TIMEFRAMES
from engine.storage.durable import ARCHIVED, DurableStore, ShortSession

INTRADAY = TIMEFRAMES[:-1]
CHUNK = 100
"""Instruments counted in one go."""
LOOKED_AT = 500
"""Sessions that lack minutes and have some are read to see which longer buckets they touch, up to so many. Of the others
each lacking minute is taken for a bucket of its own: a figure may be worse than the truth, and never better."""


class Share(msgspec.Struct):
    """Buckets expected, and those among them that are settled: traded or confirmed empty."""

    expected: int = 0
    settled: int = 0

    def add(self, buckets: int) -> None:
        """So many more that are settled until one is found that is not."""
        self.expected += buckets
        self.settled += buckets

    @property
    def percentage(self) -> float:
        return 100.0 * self.settled / self.expected if self.expected else 100.0


class Tally:
    """Counts for all instruments at once what the ledger tells of each."""

    def __init__(self, durable: DurableStore, calendars: Calendars) -> None:
        self._durable = durable
        self._calendars = calendars

    async def shares(self, instruments: Sequence[str], start_ns: int, saved_ns: int) -> dict[tuple[str, str], Share]:
        """By exchange and timeframe, of the buckets in sessions since ``start_ns`` that have ended by ``saved_ns``; none that is archived."""
        shares: defaultdict[tuple[str, str], Share] = defaultdict(Share)
        start_ns, left = max(start_ns, await self._durable.checkpoint(ARCHIVED)), LOOKED_AT
        for code, names in self._portions(filter(self._calendars.usable, instruments)):
            calendar = self._calendars.of_exchange(code)
            sessions = sessions_until(calendar, start_ns, saved_ns, saved_ns)
            lacking = await self._durable.short_sessions(names, sessions, unresolvable=True)
            over = _days_over(calendar, sessions, saved_ns)
            shares[code, "1d"].add(len(over) * len(names))
            short_days = {(short.instrument, short.session.date) for short in lacking if short.session.date in over}
            shares[code, "1d"].settled -= len(short_days)  # a day lacks what one of its sessions lacks
            expected = {timeframe: _expected(calendar, timeframe, sessions, saved_ns) for timeframe in INTRADAY}
            for timeframe, buckets in expected.items():
                shares[code, timeframe].add(sum(buckets.values()) * len(names))
            for short in lacking:
                in_part = short.present + short.empty > 0
                left -= in_part
                found = await self._looked_at(calendar, short, saved_ns) if in_part and left >= 0 else _guessed(short)
                for timeframe, buckets in expected.items():
                    shares[code, timeframe].settled -= min(buckets[short.session], found[timeframe])
            await anyio.lowlevel.checkpoint()
        return dict(shares)

    async def _looked_at(self, calendar: Calendar, short: ShortSession, saved_ns: int) -> dict[str, int]:
        """The buckets of each timeframe that lack something."""
        session, name = short.session, short.instrument
        span = session.start_ns, session.end_ns
        candles = await self._durable.candles(name, "1m", *span)
        evidence = Evidence(candles, (await self._durable.verdicts([name], *span)).get(name, ()))
        lacking: dict[str, int] = {}
        for timeframe in INTRADAY:
            pages = read_ledger(calendar, timeframe, *span, evidence, settled_ns=saved_ns)
            lacking[timeframe] = sum(page.expected - page.settled for page in pages)
        return lacking

    def _portions(self, instruments: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
        exchanges: defaultdict[str, list[str]] = defaultdict(list)
        for name in sorted(instruments):
            exchanges[name.partition(":")[0]].append(name)
        for code, names in exchanges.items():
            for start in range(0, len(names), CHUNK):
                yield code, names[start : start + CHUNK]


def _expected(calendar: Calendar, timeframe: str, sessions: Sequence[Session], saved_ns: int) -> dict[Session, int]:
    """How many buckets of each session are over."""
    counts: dict[Session, int] = {}
    for session in sessions:
        buckets = calendar.buckets(timeframe, session.start_ns, session.end_ns)
        counts[session] = sum(1 for bucket in buckets if bucket.end_ns <= saved_ns)
    return counts


def _days_over(calendar: Calendar, sessions: Sequence[Session], saved_ns: int) -> set[date]:
    days = {session.date: calendar.day(session.date) for session in sessions}
    return {date for date, day in days.items() if day is not None and day.end_ns <= saved_ns}


def _guessed(short: ShortSession) -> dict[str, int]:
    """Where nothing is there, everything is lacking."""
    lacking = short.missing + short.unresolvable if short.present + short.empty else short.expected
    return dict.fromkeys(INTRADAY, lacking)
