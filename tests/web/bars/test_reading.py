"""The reading of bars: pages after each other are the whole, and no more is read than somebody takes."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.market import Calendars, Candle, CandleState, SymbolTable
from engine.market.ledger import LedgerGap
from engine.market.timeframe import MINUTE_NS
from engine.storage.history import CandleRange, CandleReader
from engine.storage.ledger import LedgerReader
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.storage.durable.seeds import seeded
from web.bars import Place, Reading, Wish
from web.directory import Directory, Listing

pytestmark = pytest.mark.anyio

HOURS = {"code": "NSE", "name": "x", "timezone": "Asia/Kolkata", "country": "IN", "currency": "INR"}
WEEK = {weekday: ["09:15-09:25"] for weekday in ("wednesday", "thursday", "friday")}
VALID = {"valid_from": date(2026, 1, 1), "valid_through": date(2027, 12, 31)}
CALENDARS = Calendars(lambda _: {**HOURS, **VALID, "hours": WEEK})
SESSIONS = CALENDARS.of_exchange("NSE").sessions(date(2026, 11, 18), date(2026, 11, 20))
SPAN = SESSIONS[0].start_ns - 60 * MINUTE_NS, SESSIONS[-1].end_ns + 60 * MINUTE_NS
NOW = SESSIONS[-1].end_ns + 600 * MINUTE_NS
MINUTES = [ns for session in SESSIONS for ns in range(session.start_ns, session.end_ns, MINUTE_NS)]
NAMES = ("NSE:TCS", "NSE:INFY", "NSE:RELIANCE")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


class CountingReader(CandleReader):
    """Counts how often it was asked."""

    asked = 0

    async def rows(self, instrument: str, timeframe: str, start_ns: int, end_ns: int) -> CandleRange:
        self.asked += 1
        return await super().rows(instrument, timeframe, start_ns, end_ns)


class Sources:
    """Stores without servers."""

    def __init__(self) -> None:
        hot, durable = MemoryHotStore(), MemoryDurableStore()
        self.hot, self.durable = hot, durable
        self.directory = Directory()
        self.directory.replace(Listing(SymbolTable((), NAMES, {}), {}, {}, {"NSE": "Asia/Kolkata"}, CALENDARS, []))
        self.reader = CountingReader(hot, durable, CALENDARS)
        self.ledger = LedgerReader(hot, durable, CALENDARS, saved_after_ns=7 * MINUTE_NS)


def bar(name: str, time_ns: int) -> Candle:
    number = float(MINUTES.index(time_ns) + 1)
    return Candle(name, "1m", time_ns, number, number, number, number, 1, state=CandleState.FINAL, source="dhan")


async def sources_with(saved: Sequence[tuple[str, int]], hot: Sequence[tuple[str, int]] = ()) -> Sources:
    sources = Sources()
    await seeded(sources.durable)
    await sources.durable.save([bar(name, MINUTES[minute]) for name, minute in saved])
    await sources.hot.write_candles([bar(name, MINUTES[minute]) for name, minute in hot])
    return sources


def wish(limit: int | None, *, newest_first: bool = False) -> Wish:
    return Wish(
        dict.fromkeys(NAMES, "x") | {n: n for n in NAMES}, dict.fromkeys(NAMES, SPAN), "1m", limit, newest_first
    )


async def read(sources: Sources, wanted: Wish, place: Place | None, buckets: int) -> tuple[list[Candle], Reading]:
    reading = Reading(sources, wanted, place, NOW, buckets=buckets)
    found: list[Candle] = []
    while not reading.done:
        name, candles = await reading.piece()
        assert {one.instrument for one in candles} <= {name}
        assert len(candles) <= buckets
        found += candles
    return found, reading


def lacking(reading: Reading) -> list[tuple[str, int]]:
    """The minutes of all its gaps."""
    rows = reading.about["gaps"]
    return [(row["symbol"], ms) for row in rows for ms in range(row["start"], row["end"], 60_000)]


MINUTE_SETS = st.sets(st.tuples(st.sampled_from(NAMES[:2]), st.integers(0, len(MINUTES) - 1)))


@given(
    saved=MINUTE_SETS, hot=MINUTE_SETS, limit=st.integers(1, 40), buckets=st.integers(1, 40), newest_first=st.booleans()
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_all_pages_together_are_the_whole_and_each_minute_that_lacks_is_named_once(
    saved: set[tuple[str, int]], hot: set[tuple[str, int]], limit: int, buckets: int, newest_first: bool
) -> None:
    sources = await sources_with(sorted(saved), sorted(hot))
    wanted = wish(limit, newest_first=newest_first)
    found: list[Candle] = []
    missing: list[tuple[str, int]] = []
    place: Place | None = None
    for _ in range(1_000):
        page, reading = await read(sources, wanted, place, buckets)
        assert len(page) <= limit
        found += page
        missing += lacking(reading)
        place = reading.next
        if place is None:
            break
    there = {(name, MINUTES[minute]) for name, minute in saved | hot}
    step = -1 if newest_first else 1
    assert [(one.instrument, one.time) for one in found] == [
        (name, ns) for name in NAMES for ns in MINUTES[::step] if (name, ns) in there
    ]
    assert sorted(missing) == sorted((name, ns // 10**6) for name in NAMES for ns in MINUTES if (name, ns) not in there)


async def test_a_gap_that_two_portions_share_is_told_as_one() -> None:
    sources = await sources_with([(NAMES[0], 0), (NAMES[0], 9)])
    for newest_first in (False, True):
        wanted = wish(100, newest_first=newest_first)
        _, reading = await read(sources, wanted, None, 3)
        of_the_first = [gap for gap in reading.about["gaps"] if gap["symbol"] == NAMES[0]]
        spans = [((gap["end"] - gap["start"]) // 60_000) for gap in of_the_first]
        assert spans == ([10, 10, 8] if newest_first else [8, 10, 10])


async def test_fifty_thousand_bars_are_read_a_portion_at_a_time_and_none_before_it_is_wanted() -> None:
    sources = await sources_with([(name, minute) for name in NAMES for minute in range(len(MINUTES))])
    reading = Reading(sources, wish(50_000), None, NOW, buckets=4)
    taken = 0
    while not reading.done:
        assert sources.reader.asked == taken, "what nobody has taken was not read"
        _, candles = await reading.piece()
        taken += 1
        assert len(candles) <= 4
    assert taken >= len(NAMES) * len(MINUTES) // 4


async def test_a_page_ends_where_too_much_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.bars.gaps.MOST_GAPS", 2)
    sources = await sources_with([(NAMES[0], minute) for minute in range(0, len(MINUTES), 2)])
    page, reading = await read(sources, wish(1_000), None, 4)
    assert reading.next is not None
    assert len(reading.about["gaps"]) == 2
    assert len(page) == 2


async def test_without_a_word_on_what_is_missing_a_page_is_not_called_complete() -> None:
    sources = await sources_with([(name, minute) for name in NAMES for minute in range(len(MINUTES))])
    _, reading = await read(sources, wish(None), None, 100)
    assert reading.about["complete"]

    class NobodyKnows(LedgerReader):
        async def gaps(self, *_: object, **__: object) -> list[LedgerGap] | None:
            return None

    sources.ledger = NobodyKnows(sources.hot, sources.durable, CALENDARS, saved_after_ns=1)
    _, reading = await read(sources, wish(None), None, 100)
    assert not reading.about["complete"]
