"""The comparer: live prices against the other provider's word, and an alert that names both."""

from collections.abc import Sequence
from typing import Any, cast

import trio

from actors.comparer import SAMPLE, Comparer
from actors.messages import Alert, Count
from actors.routes import Routes
from engine.market import Calendars
from engine.market.divergence import Divergences
from engine.providers.base import History, ProviderError, Route
from engine.runtime import ActorSystem
from engine.storage.hot import InstrumentReport
from engine.storage.memory import MemoryHotStore
from tests.actors.parts import NOON, among_witnesses

A, B = "NSE:A", "NSE:B"


class Teller:
    """The other provider: its last prices, or none when it is away."""

    def __init__(self, prices: dict[str, float]) -> None:
        self.prices = prices
        self.away = False
        self.asked: list[list[str]] = []

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        self.asked.append([route.instrument for route in routes])
        if self.away:
            raise ProviderError("away")
        return {one.instrument: self.prices[one.instrument] for one in routes if one.instrument in self.prices}


def nowhere(_: str) -> dict[str, Any]:
    raise AssertionError("only an exchange that never closes is asked for")


class Market:
    """Two providers that know the same, and what the first one's feed brings."""

    def __init__(self, *names: str) -> None:
        self.hot = MemoryHotStore(lambda: NOON)
        self.other = Teller({})
        self.routes = Routes(["dhan", "kite"])
        for provider in ("dhan", "kite"):
            self.routes.cover(provider, [Route(name, "NSE_EQ", name, 0.05, "equity") for name in names])

    def make(self, system: ActorSystem) -> Comparer:
        histories = {"dhan": cast("History", None), "kite": cast("History", self.other)}
        calendars = Calendars(nowhere, {"NSE": "Asia/Kolkata"})
        publisher = system.ref("/engine/publisher")
        return Comparer(self.hot, histories, self.routes, calendars, Divergences(1.0), publisher=publisher)

    async def brings(self, at_ns: int, **prices: float) -> None:
        await self.hot.write_live(
            [
                InstrumentReport(name, "", price, {"ltp": price, "ts_recv": at_ns, "provider": "dhan"}, {})
                for name, price in ((f"NSE:{symbol}", price) for symbol, price in prices.items())
            ]
        )


def alerts(seen: dict[str, list[Any]]) -> list[tuple[str, str]]:
    return [(one.instrument, one.words) for one in seen["publisher"] if isinstance(one, Alert)]


async def test_prices_that_differ_for_two_minutes_are_an_alert_and_so_is_their_agreement(autojump_clock: Any) -> None:
    market = Market(A, B)
    market.other.prices = {A: 100.0, B: 50.0}
    async with among_witnesses(market.make, "publisher") as (system, seen):
        for minute in range(4):
            await market.brings(NOON + (60 * minute + 50) * 10**9, A=105.0 if minute < 3 else 100.0, B=50.0)
            await trio.sleep(60)
        await trio.sleep(1)
        assert alerts(seen) == [
            (A, "dhan says 105, kite says 100: 5.0% apart, at two looks in a row"),
            (A, "dhan says 100, kite says 100: they agree again"),
        ]
        assert await system.ref("/engine/subject").ask(Count(), timeout_s=1) == {
            "prices_compared": 8, "prices_diverging": 0
        }  # fmt: skip


async def test_a_price_that_no_feed_has_brought_lately_is_not_compared(autojump_clock: Any) -> None:
    market = Market(A)
    market.other.prices = {A: 100.0}
    await market.brings(NOON, A=105.0)
    async with among_witnesses(market.make, "publisher") as (_, seen):
        await trio.sleep(200)
        assert alerts(seen) == []


async def test_a_provider_that_does_not_answer_accuses_nobody(autojump_clock: Any) -> None:
    market = Market(A)
    market.other.away = True
    async with among_witnesses(market.make, "publisher") as (_, seen):
        for minute in range(3):
            await market.brings(NOON + (60 * minute + 50) * 10**9, A=105.0)
            await trio.sleep(60)
        await trio.sleep(1)
        assert alerts(seen) == []
        assert len(market.other.asked) == 3


async def test_of_many_each_has_its_turn(autojump_clock: Any) -> None:
    names = [f"NSE:S{number}" for number in range(SAMPLE + 50)]
    market = Market(*names)
    async with among_witnesses(market.make, "publisher"):
        for minute in range(2):
            await market.brings(
                NOON + (60 * minute + 50) * 10**9, **{name.removeprefix("NSE:"): 10.0 for name in names}
            )
            await trio.sleep(60)
        await trio.sleep(1)
        assert [len(asked) for asked in market.other.asked] == [SAMPLE, 50]
        assert {name for asked in market.other.asked for name in asked} == set(names)
