"""Names in time: history of a past day is asked for by the name of that day, and never by another instrument's."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from actors.dated_history import DatedHistory, NameBook
from engine.market import Candle
from engine.providers.base import ProviderError, Route
from engine.storage.durable import DurableStore
from engine.storage.memory import MemoryDurableStore
from tests.storage.durable.seeds import equity, mapping, seeded

pytestmark = pytest.mark.anyio

MAY = date(2026, 5, 1)
JUNE = date(2026, 6, 1)
SEPTEMBER = date(2026, 9, 1)
DAY_NS = 86_400_000_000_000


def ns(day: date) -> int:
    """Its midnight in India."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() - 19_800) * 1_000_000_000


class Asked:
    """A provider's history: remembers what it was asked for, and has one candle at the beginning of each answer."""

    limits: Any = None

    def __init__(self) -> None:
        self.parts: list[tuple[str, str, str]] = []

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        self.parts.append((route.security_id, _day(start_ns), _day(end_ns)))
        return [Candle(route.instrument, timeframe, start_ns, 1.0, 1.0, 1.0, 1.0, 1, source=route.security_id)]

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        return await self.candles(route, "1m", start_ns, end_ns)

    async def days(self, route: Route, first: date, last: date) -> list[Candle]:
        self.parts.append((route.security_id, str(first), str(last)))
        return []

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        return {route.instrument: float(route.security_id) for route in routes}

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Any]:
        return {}

    def close(self) -> None: ...


def _day(at_ns: int) -> str:
    return str(datetime.fromtimestamp(at_ns / 1e9 + 19_800, UTC).date())


def dated(store: DurableStore) -> tuple[DatedHistory, Asked]:
    asked = Asked()
    return DatedHistory(asked, NameBook(store, "dhan", now_ns=lambda: ns(SEPTEMBER))), asked


def route(symbol: str, token: str) -> Route:
    return Route(f"NSE:{symbol}", "NSE_EQ", token, 0.05, "equity")


async def asked_for(store: DurableStore, symbol: str, token: str) -> list[tuple[str, str, str]]:
    """From May to September."""
    history, asked = dated(store)
    candles = await history.candles(route(symbol, token), "1m", ns(MAY), ns(SEPTEMBER))
    assert [candle.source for candle in candles] == [part[0] for part in asked.parts]
    return asked.parts


async def test_who_always_had_its_name_is_asked_for_by_it_also_before_the_mapping_was_made(
    durable: DurableStore,
) -> None:
    await durable.seed([], [], [])
    await seeded(durable)
    assert await durable.changed_names("dhan") == []
    assert await asked_for(durable, "TCS", "2") == [("2", "2026-05-01", "2026-09-01")]


async def test_a_token_that_was_reused_tells_nothing_of_the_days_when_it_meant_another(durable: DurableStore) -> None:
    await seeded(durable)
    await durable.seed([], [equity("NEW")], [mapping("NEW", "2", JUNE)])
    assert await asked_for(durable, "NEW", "2") == [("2", "2026-06-01", "2026-09-01")]
    history, asked = dated(durable)
    assert await history.candles(route("NEW", "2"), "1m", ns(MAY), ns(JUNE)) == []
    assert asked.parts == []
    await history.days(route("NEW", "2"), MAY, date(2026, 6, 30))
    assert asked.parts == [("2", "2026-06-01", "2026-06-30")]


async def test_an_instrument_that_got_another_token_is_asked_for_by_each_in_its_time(durable: DurableStore) -> None:
    await seeded(durable)
    await durable.seed([], [], [mapping("TCS", "77", JUNE)])
    assert await asked_for(durable, "TCS", "77") == [
        ("2", "2026-05-01", "2026-06-01"),
        ("77", "2026-06-01", "2026-09-01"),
    ]
    history, asked = dated(durable)
    await history.minutes(route("TCS", "77"), ns(JUNE) - DAY_NS, ns(JUNE))
    await history.days(route("TCS", "77"), MAY, date(2026, 6, 30))
    assert asked.parts == [
        ("2", "2026-05-31", "2026-06-01"),
        ("2", "2026-05-01", "2026-05-31"),
        ("77", "2026-06-01", "2026-06-30"),
    ]
    assert await history.last_prices([route("TCS", "77")]) == {"NSE:TCS": 77.0}, "now is now"


async def test_a_renamed_symbol_and_its_old_name_keep_their_histories_apart(durable: DurableStore) -> None:
    """TCS is ETERNAL since June, and its token goes on."""
    await seeded(durable)
    await durable.seed([], [equity("ETERNAL")], [mapping("ETERNAL", "2", JUNE)])
    assert await asked_for(durable, "ETERNAL", "2") == [("2", "2026-06-01", "2026-09-01")]
    assert await asked_for(durable, "TCS", "2") == [("2", "2026-05-01", "2026-06-01")]


async def test_two_that_changed_places_are_each_asked_for_by_both_tokens(durable: DurableStore) -> None:
    await seeded(durable)
    await durable.seed([], [], [mapping("TCS", "1", JUNE), mapping("RELIANCE", "2", JUNE)])
    assert await asked_for(durable, "TCS", "1") == [
        ("2", "2026-05-01", "2026-06-01"),
        ("1", "2026-06-01", "2026-09-01"),
    ]
    assert await asked_for(durable, "RELIANCE", "2") == [
        ("1", "2026-05-01", "2026-06-01"),
        ("2", "2026-06-01", "2026-09-01"),
    ]


async def test_while_nobody_can_say_whom_a_name_meant_nothing_is_asked_for() -> None:
    store = MemoryDurableStore()
    store.tables.away = True
    history, asked = dated(store)
    with pytest.raises(ProviderError, match="the names of dhan can not be read"):
        await history.candles(route("TCS", "2"), "1m", ns(MAY), ns(JUNE))
    assert asked.parts == []
