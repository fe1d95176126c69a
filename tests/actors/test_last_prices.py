"""Last prices of what no tick has told: one call for all who ask, kept for all, and no time lost on the dead."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest
import trio

from actors.last_prices import INSTRUMENTS_A_ROUND, MOST_ROUNDS, LastPrices
from actors.messages import Count, PricesWanted
from actors.price_sources import PROVIDER_S, PriceSources
from actors.routes import Routes
from engine.market import Instrument, InstrumentKind
from engine.providers.base import Advice, ProviderError, Route
from engine.providers.dhan.rest import DhanLimits
from engine.runtime import ActorRef, ActorSystem
from engine.storage.durable import Exchange, ProviderMapping
from engine.storage.hot import HotStore, InstrumentReport, LastPrice
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.actors.parts import NOON, among_witnesses
from tests.providers.dhan.test_rest import FAST, IMPATIENT, history_at
from tests.providers.rest_server import answers, hang, reply, serve

MS = 1_000_000
A, B, C = "NSE:A", "NSE:B", "NSE:C"


class Teller:
    """A provider that tells last prices, takes its time, and fails when it is told to."""

    def __init__(self, prices: Mapping[str, float], *, takes_s: float = 0.1) -> None:
        self.prices = prices
        self.takes_s = takes_s
        self.error: ProviderError | None = None
        self.asked: list[list[str]] = []

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        self.asked.append([route.instrument for route in routes])
        await trio.sleep(self.takes_s)
        if self.error is not None:
            raise self.error
        return {route.instrument: self.prices[route.instrument] for route in routes if route.instrument in self.prices}


class Desk:
    """The actor, and what it deals with."""

    def __init__(self, ref: ActorRef, routes: Routes, hot: HotStore, durable: MemoryDurableStore) -> None:
        self.ref = ref
        self.routes = routes
        self.hot = hot
        self.durable = durable

    async def ask(self, *instruments: str) -> dict[str, Any]:
        return await (await self.ref.ask(PricesWanted(instruments), timeout_s=5)).answer(instruments, 10)

    async def prices(self, *instruments: str) -> dict[str, float]:
        return {name: price for name, (price, _) in (await self.ask(*instruments))["prices"].items()}


def routes_of(*names: str) -> list[Route]:
    return [Route(name, "NSE_EQ", str(number), 0.05, "equity") for number, name in enumerate(names)]


@asynccontextmanager
async def desk(providers: Mapping[str, Any], *names: str) -> AsyncGenerator[Desk]:
    routes, durable = Routes(list(providers)), MemoryDurableStore()
    for provider in providers:
        routes.cover(provider, routes_of(*names))
    stores: list[HotStore] = []

    def make(system: ActorSystem) -> LastPrices:
        stores.append(MemoryHotStore(system.clock.now_ns))
        now_ns = system.clock.now_ns
        sources = PriceSources(providers, routes, durable, now_ns=now_ns, jitter=lambda: 0.0)
        return LastPrices(stores[0], sources)

    async with among_witnesses(make) as (system, _):
        yield Desk(system.ref("/engine/subject"), routes, stores[0], durable)


async def together(*calls: Callable[[], Any]) -> None:
    async with trio.open_nursery() as nursery:
        for call in calls:
            nursery.start_soon(call)


async def test_all_who_ask_at_the_same_time_are_one_call(autojump_clock: Any) -> None:
    one, answered = Teller({A: 1.5, B: 2.5}), list[dict[str, float]]()
    async with desk({"one": one}, A, B, C) as at:

        async def ask(*names: str) -> None:
            answered.append(await at.prices(*names))

        await together(*[lambda names=names: ask(*names) for names in ((A,), (A, B), (B, C), (A, B, C))])
        assert sorted(answered, key=str) == sorted([{A: 1.5}, {A: 1.5, B: 2.5}, {B: 2.5}, {A: 1.5, B: 2.5}], key=str)
        assert [sorted(names) for names in one.asked] == [[A, B, C]]
        assert await at.ref.ask(Count(), timeout_s=1) == {"last_price_calls": 1, "last_prices_asked": 3}


async def test_what_was_told_serves_thirty_seconds_also_that_nobody_knows_it(autojump_clock: Any) -> None:
    one = Teller({A: 1.5})
    async with desk({"one": one}, A, C) as at:
        assert await at.ask(A, C) == {"prices": {A: (1.5, NOON // MS)}, "failure": ""}
        await trio.sleep(20)
        assert await at.prices(A, C) == {A: 1.5}
        assert len(one.asked) == 1
        await trio.sleep(11)
        one.prices = {A: 1.6}
        assert await at.prices(A) == {A: 1.6}


async def test_it_is_in_redis_for_every_web_process_and_says_since_when(autojump_clock: Any) -> None:
    async with desk({"one": Teller({A: 1.5})}, A, C) as at:
        await at.ask(A, C)
        places: dict[str, str | None] = {"NSE_EQ:0": A, "NSE_EQ:1": C, "NSE_EQ:2": None}
        assert await at.hot.last_prices(places) == {
            "NSE_EQ:0": LastPrice(1.5, NOON // MS, NOON // MS),
            "NSE_EQ:1": LastPrice(asked_ms=NOON // MS),
            "NSE_EQ:2": LastPrice(),
        }
        await trio.sleep(31)
        assert set((await at.hot.last_prices(places)).values()) == {LastPrice()}


async def test_a_tick_that_comes_meanwhile_is_newer(autojump_clock: Any) -> None:
    async with desk({"one": Teller({A: 1.5}, takes_s=1.0)}, A) as at:

        async def trade() -> None:
            await trio.sleep(0.5)
            quote = {"ltp": 9.0, "ts_event": NOON + 500 * MS}
            await at.hot.write_live([InstrumentReport(A, "NSE_EQ:0", 9.0, quote, {}, ())])

        await together(lambda: at.ask(A), trade)
        assert (await at.hot.last_prices({"NSE_EQ:0": A}))["NSE_EQ:0"] == LastPrice(9.0, NOON // MS + 500, NOON // MS)


async def test_the_next_provider_is_asked_for_what_the_first_does_not_know_or_tell(autojump_clock: Any) -> None:
    one, two = Teller({A: 1.5}), Teller({A: 9.0, B: 2.5})
    async with desk({"one": one, "two": two}, A, B) as at:
        assert await at.prices(A, B) == {A: 1.5, B: 2.5}
        assert two.asked == [[B]]
        one.error = ProviderError("away")
        await trio.sleep(31)
        assert await at.prices(A, B) == {A: 9.0, B: 2.5}
        assert (await at.ask(A, B))["failure"] == ""


async def test_a_provider_that_hangs_is_waited_for_three_times_and_then_costs_nobody_time(autojump_clock: Any) -> None:
    one = Teller({A: 1.5}, takes_s=3600)
    async with desk({"one": one}, A) as at:
        waited: list[float] = []
        for _ in range(20):
            began_s = trio.current_time()
            assert (await at.ask(A))["prices"] == {}
            waited.append(trio.current_time() - began_s)
        assert [wait_s > PROVIDER_S for wait_s in waited] == [True] * 3 + [False] * 17
        assert max(waited[3:]) < 0.1
        assert "again and again" in (await at.ask(A))["failure"]

        one.takes_s = 0.1
        await trio.sleep(1)
        assert await at.prices(A) == {A: 1.5}, "one probe finds out that it is back"


async def test_who_asks_for_peace_is_left_in_peace(autojump_clock: Any) -> None:
    one = Teller({A: 1.5})
    one.error = ProviderError("too many", advice=Advice.WAIT, wait_s=60)
    async with desk({"one": one}, A) as at:
        await at.ask(A)
        one.error = None
        for _ in range(5):
            await trio.sleep(10)
            assert await at.prices(A) == {}
        assert len(one.asked) == 1
        await trio.sleep(11)
        assert await at.prices(A) == {A: 1.5}


async def test_what_was_mapped_after_the_feeds_began_is_asked_for_too(autojump_clock: Any) -> None:
    one = Teller({B: 2.5})
    async with desk({"one": one}, A) as at:
        assert await at.prices(B) == {}
        exchange = Exchange("NSE", "NSE", "Asia/Kolkata", is_24_hours=True)
        mapping = ProviderMapping("one", B, "NSE_EQ", "77", date(2020, 1, 1))
        await at.durable.seed([exchange], [Instrument(0, "NSE", "B", "B", InstrumentKind.EQUITY, 0.05)], [mapping])
        await trio.sleep(31)
        assert await at.prices(B) == {B: 2.5}
        assert (await at.hot.last_prices({"NSE_EQ:77": B}))["NSE_EQ:77"].price == 2.5


async def test_many_wait_in_rounds_and_too_many_are_refused(autojump_clock: Any) -> None:
    names = [f"NSE:S{number}" for number in range(INSTRUMENTS_A_ROUND * MOST_ROUNDS)]
    one = Teller(dict.fromkeys(names, 1.0), takes_s=1.0)
    async with desk({"one": one}, *names) as at:
        rounds = [names[start : start + INSTRUMENTS_A_ROUND] for start in range(0, len(names), INSTRUMENTS_A_ROUND)]
        asked = [await at.ref.ask(PricesWanted(tuple(part)), timeout_s=1) for part in rounds]
        with pytest.raises(ValueError, match="more last prices"):
            await at.ref.ask(PricesWanted((A,)), timeout_s=1)
        assert [len((await one.answer(part, 20))["prices"]) for one, part in zip(asked, rounds, strict=True)] == [
            INSTRUMENTS_A_ROUND
        ] * MOST_ROUNDS


BUSY = reply({"errorCode": "DH-904", "errorMessage": "too many"}, 429, {"Retry-After": "60"})
BROKEN = reply({"errorCode": "DH-908", "errorMessage": "internal"}, 500)


@pytest.mark.parametrize(
    ("answer", "limits", "calls"), [(answers(BUSY), FAST, 1), (answers(BROKEN), FAST, 3), (hang, IMPATIENT, 3)]
)
async def test_a_rest_service_that_refuses_breaks_or_hangs_is_called_no_more(
    answer: Any, limits: DhanLimits, calls: int
) -> None:
    async with serve(answer) as server:
        history = history_at(server.url, limits=limits)
        async with desk({"one": history}, A) as at:
            for _ in range(6):
                told = await at.ask(A)
                assert told["prices"] == {}
                assert told["failure"]
        history.close()
        assert len(server.requests) == calls


async def test_the_rest_service_is_asked_once_for_all() -> None:
    prices = reply({"data": {"NSE_EQ": {"0": {"last_price": 1.5}, "1": {"last_price": 2.5}}}, "status": "success"})
    async with serve(answers(prices)) as server:
        history = history_at(server.url)
        async with desk({"one": history}, A, B) as at:
            told: list[dict[str, float]] = []

            async def ask() -> None:
                told.append(await at.prices(A, B))

            await together(*[ask] * 50)
            assert told == [{A: 1.5, B: 2.5}] * 50
        history.close()
        (request,) = server.requests
        assert request.path == "/v2/marketfeed/ltp"
