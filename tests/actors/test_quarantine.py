"""The quarantine's keeper: writes in batches, waits for PostgreSQL within a bound, joins appeals, obeys the operator."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import msgspec
import trio

import actors.quarantine
from actors.messages import (
    Admit,
    Alert,
    Appealed,
    Backfill,
    Count,
    Decide,
    Doubted,
    HeldLost,
    Overrule,
    SecondOpinion,
    TickRefused,
)
from actors.overruling import Overruling
from actors.quarantine import Quarantine
from actors.routes import Routes
from actors.second_source import SecondSource
from engine.market import Suspect
from engine.market.quarantine import BarFinding, Fate, Quarantined
from engine.providers.base import History, ProviderError, Route
from engine.runtime import ActorRef, ActorSystem
from engine.storage.memory import MemoryDurableStore
from tests.actors.parts import MINUTE_NS, NOON, SECOND_NS, among_witnesses, candle, tick
from tests.storage.durable.seeds import seeded

if TYPE_CHECKING:
    from actors.healer import Healer

NAME = "NSE:TCS"
OTHER = "NSE:INFY"


class Prices:
    """A provider that is asked for last prices only, and how often and for whom it was."""

    def __init__(self, prices: dict[str, float], error: ProviderError | None = None) -> None:
        self.prices = prices
        self.error = error
        self.takes_s = 0.0
        self.asked: list[list[str]] = []

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        self.asked.append([route.instrument for route in routes])
        await trio.sleep(self.takes_s)
        if self.error is not None:
            raise self.error
        return {route.instrument: self.prices[route.instrument] for route in routes if route.instrument in self.prices}


def entry(
    price: float, status: Fate = Fate.HELD, decided_by: str = "", *, name: str = NAME, second: int = 0
) -> Quarantined:
    one = msgspec.structs.replace(tick(NOON + second * SECOND_NS, price, 100), instrument=name)
    return Quarantined.of_tick(Suspect(one, 10.0, 0.5), status, decided_by)


def discarded(price: float = 13.0, *, second: int = 0) -> Quarantined:
    return entry(price, Fate.DISCARDED, "ticks", second=second)


@asynccontextmanager
async def keeper(
    *sources: Prices, answer: Any = True
) -> AsyncGenerator[tuple[ActorSystem, ActorRef, dict[str, list[Any]], MemoryDurableStore]]:
    durable = MemoryDurableStore()
    await seeded(durable)
    histories = {f"source{number}": cast("History", source) for number, source in enumerate(sources)}
    routes = Routes(histories or ["none"])

    def make(system: ActorSystem) -> Quarantine:
        target = system.ref("/engine/instrument")
        for provider in routes.providers:
            routes.cover(provider, [Route(name, "NSE_EQ", name, 0.05, "equity", target) for name in (NAME, OTHER)])
        healer = cast("Healer", None)  # nothing here reaches a minute that is closed
        overruling = Overruling(durable, routes, healer, resolver=system.ref("/engine/resolver"))
        publisher = system.ref("/engine/publisher")
        return Quarantine(durable, SecondSource(histories, routes), overruling, routes, publisher=publisher)

    async with among_witnesses(make, "instrument", "publisher", "resolver", answer=answer) as (system, seen):
        yield system, system.ref("/engine/subject"), seen, durable


async def kept(durable: MemoryDurableStore) -> list[tuple[float, str, str]]:
    return [(one.price, one.status.value, one.decided_by) for one in reversed(await durable.quarantined())]


async def test_what_is_held_and_what_became_of_it_is_written_within_a_second(autojump_clock: Any) -> None:
    async with keeper() as (_, subject, seen, durable):
        subject.tell(Doubted((entry(13.0), entry(14.0, second=1))))
        await trio.sleep(1.1)
        assert await kept(durable) == [(13.0, "held", ""), (14.0, "held", "")]
        subject.tell(Doubted((discarded(), entry(14.0, Fate.RELEASED, "second source", second=1))))
        await trio.sleep(1.1)
        assert await kept(durable) == [(13.0, "discarded", "ticks"), (14.0, "released", "second source")]
        [alert] = seen["publisher"]
        assert alert == Alert(NAME, "tick of 13 discarded: jumped 3 from 10, limit 0.5", alert.at_ns)


async def test_everything_is_counted(autojump_clock: Any) -> None:
    async with keeper() as (_, subject, _, _):
        bar = BarFinding(msgspec.structs.replace(candle(NOON, 10.0, 5), instrument=NAME), "upside down")
        subject.tell(Doubted((entry(13.0), entry(14.0), discarded(13.0))))
        subject.tell(Doubted((Quarantined.of_bar(bar, Fate.DISCARDED, "history"),)))
        subject.tell(TickRefused(NAME, "price nan"))
        counts = await subject.ask(Count(), timeout_s=5)
    assert {name: counts[name] for name in ("ticks_held", "ticks_discarded", "ticks_refused", "bars_discarded")} == {
        "ticks_held": 2, "ticks_discarded": 1, "ticks_refused": 1, "bars_discarded": 1,
    }  # fmt: skip
    assert counts["quarantine_held"] == 1


async def test_entries_wait_for_postgresql_and_the_oldest_are_forgotten_beyond_a_bound(
    autojump_clock: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(actors.quarantine, "WAITING_LIMIT", 5)
    async with keeper() as (_, subject, _, durable):
        durable.tables.away = True
        for second in range(8):
            subject.tell(Doubted((discarded(second=second),)))
        await trio.sleep(5)
        counts = await subject.ask(Count(), timeout_s=5)
        assert (counts["quarantine_unwritten"], counts["quarantine_forgotten"]) == (5, 3)
        durable.tables.away = False
        await trio.sleep(1.1)
        assert [one.ts_ns for one in await durable.quarantined()] == [NOON + s * SECOND_NS for s in (7, 6, 5, 4, 3)]


async def test_a_postgresql_that_hangs_holds_up_no_appeal(autojump_clock: Any, monkeypatch: Any) -> None:
    source = Prices({NAME: 10.5})
    async with keeper(source) as (_, subject, seen, durable):
        answer = durable.note_quarantined

        async def hang(_: Any) -> None:
            await trio.sleep(60)

        monkeypatch.setattr(durable, "note_quarantined", hang)
        subject.tell(Doubted((entry(13.0),)))
        await trio.sleep(1.1)
        subject.tell(Appealed(NAME, NOON))
        await trio.sleep(5)
        assert seen["instrument"] == [SecondOpinion(10.5, NOON)]
        monkeypatch.setattr(durable, "note_quarantined", answer)
        await trio.sleep(5)
        assert await kept(durable) == [(13.0, "held", "")]


async def test_a_stop_writes_what_has_gathered(autojump_clock: Any) -> None:
    async with keeper() as (_, subject, _, durable):
        subject.tell(Doubted((discarded(),)))
    assert await kept(durable) == [(13.0, "discarded", "ticks")]


async def test_what_an_engine_before_left_held_is_closed(autojump_clock: Any) -> None:
    async with keeper() as (_, _, _, durable):
        await durable.note_quarantined([entry(13.0)])
        await trio.sleep(1.1)
        assert await kept(durable) == [(13.0, "discarded", "restart")]


async def test_what_a_crashed_instrument_held_is_closed(autojump_clock: Any) -> None:
    async with keeper() as (_, subject, _, durable):
        subject.tell(Doubted((entry(13.0), entry(14.0, name=OTHER))))
        subject.tell(HeldLost(NAME))
        await trio.sleep(1.1)
        assert await kept(durable) == [(14.0, "held", ""), (13.0, "discarded", "restart")]


async def test_many_appeals_are_one_question_and_each_learns_its_price(autojump_clock: Any) -> None:
    source = Prices({NAME: 10.5, OTHER: 99.0})
    async with keeper(source) as (_, subject, seen, _):
        for name in (NAME, OTHER, NAME):
            subject.tell(Appealed(name, NOON))
        await trio.sleep(1)
        assert [sorted(names) for names in source.asked] == [[OTHER, NAME]]
        assert sorted((message.price, message.asked_ns) for message in seen["instrument"]) == [
            (10.5, NOON),
            (99.0, NOON),
        ]


async def test_the_provider_that_carries_the_feed_is_asked_last(autojump_clock: Any) -> None:
    carrier, other = Prices({NAME: 1.0, OTHER: 2.0}), Prices({NAME: 3.0})
    async with keeper(carrier, other) as (_, subject, seen, _):
        subject.tell(Appealed(NAME, NOON))
        subject.tell(Appealed(OTHER, NOON))
        await trio.sleep(1)
        assert sorted(message.price for message in seen["instrument"]) == [2.0, 3.0]
        assert carrier.asked == [[OTHER]]


async def test_a_second_source_that_fails_is_asked_again_at_the_next_appeal(autojump_clock: Any) -> None:
    source = Prices({NAME: 10.5}, ProviderError("away"))
    async with keeper(source) as (_, subject, seen, _):
        subject.tell(Appealed(NAME, NOON))
        await trio.sleep(5)
        assert (len(source.asked), seen["instrument"]) == (1, [])
        source.error = None
        subject.tell(Appealed(NAME, NOON))
        await trio.sleep(1)
        assert seen["instrument"] == [SecondOpinion(10.5, NOON)]


async def test_a_provider_that_hangs_holds_up_neither_the_next_ones_answer_nor_later_appeals(
    autojump_clock: Any,
) -> None:
    carrier, hanging = Prices({NAME: 10.5, OTHER: 99.0}), Prices({NAME: 3.0})
    hanging.takes_s = 3_600.0
    async with keeper(carrier, hanging) as (_, subject, seen, _):
        subject.tell(Appealed(NAME, NOON))
        await trio.sleep(5)
        subject.tell(Appealed(OTHER, NOON + 5 * SECOND_NS))
        await trio.sleep(20)
        assert seen["instrument"] == [SecondOpinion(10.5, NOON), SecondOpinion(99.0, NOON + 5 * SECOND_NS)]


async def test_an_operators_release_goes_into_the_open_minute_and_a_repeat_changes_nothing(autojump_clock: Any) -> None:
    async with keeper() as (_, subject, seen, durable):
        subject.tell(Doubted((discarded(),)))
        for _ in range(2):
            answer = await subject.ask(Decide(1, Fate.RELEASED, "admin"), timeout_s=5)
            assert (answer["status"], answer["decided_by"]) == ("released", "admin")
        [admit] = seen["instrument"]
        assert isinstance(admit, Admit)
        assert (admit.tick.price, admit.tick.ts_event, admit.tick.volume) == (13.0, NOON, 100)
        assert await kept(durable) == [(13.0, "released", "admin")]


async def test_an_operators_discard_of_what_was_released_reads_its_minute_again(autojump_clock: Any) -> None:
    async with keeper() as (_, subject, seen, durable):
        subject.tell(Doubted((entry(13.0, Fate.RELEASED, "ticks", second=90),)))
        await subject.ask(Decide(1, Fate.DISCARDED, "admin"), timeout_s=5)
        [backfill] = seen["resolver"]
        assert backfill == Backfill((NAME,), NOON + MINUTE_NS, NOON + 2 * MINUTE_NS - 1)
        assert await kept(durable) == [(13.0, "discarded", "admin")]


async def test_what_is_still_held_the_instrument_decides_by_the_operators_word(autojump_clock: Any) -> None:
    async with keeper() as (_, subject, seen, durable):
        subject.tell(Doubted((entry(13.0),)))
        await subject.ask(Decide(1, Fate.DISCARDED, "admin"), timeout_s=5)
        assert seen["instrument"] == [Overrule(release=False)]
        assert await kept(durable) == [(13.0, "discarded", "admin")]
        counts = await subject.ask(Count(), timeout_s=5)
        assert counts["quarantine_held"] == 0


async def test_what_can_not_be_decided_is_answered_with_a_sentence_and_a_code(autojump_clock: Any) -> None:
    async with keeper() as (_, subject, _, durable):
        bar = BarFinding(msgspec.structs.replace(candle(NOON, 10.0, 5), instrument=NAME), "upside down")
        subject.tell(Doubted((Quarantined.of_bar(bar, Fate.DISCARDED, "history"),)))
        subject.tell(Doubted((entry(13.0, Fate.DISCARDED, "ticks", name="NSE:RELIANCE"),)))
        codes = [await subject.ask(Decide(number, Fate.RELEASED, "admin"), timeout_s=5) for number in (7, 1, 2)]
        assert [answer["code"] for answer in codes] == [404, 409, 409]
        assert all(answer["error"].endswith(".") for answer in codes)
        durable.tables.away = True
        answer = await subject.ask(Decide(1, Fate.RELEASED, "admin"), timeout_s=5)
        assert answer["code"] == 503
