"""Sifting: bars that can not be believed heal nothing, are kept as evidence, and are never taken for silence."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from actors.messages import Doubted
from actors.routes import Routes
from actors.sifting import Sifting
from actors.sources import Sources
from config.limits import load_limits
from engine.market import Calendars, Candle, LimitTable
from engine.market.quarantine import Fate, Quarantined
from engine.providers.base import History, HistoryLimits, Route
from tests.actors.parts import MINUTE_NS, NAME, NOON, candle


class Bars:
    """A provider that has these minutes."""

    limits = HistoryLimits({"1m": None, "1d": None}, days_per_call=90, calls_per_second=5.0)

    def __init__(self, *bars: Candle) -> None:
        self.bars = list(bars)

    async def candles(self, *_: Any, **__: Any) -> list[Candle]:
        return list(self.bars)


def sources(*providers: Bars) -> tuple[Sources, list[Quarantined]]:
    told: list[Quarantined] = []

    def tell(doubted: Doubted) -> None:
        told.extend(doubted.entries)

    names = [f"provider{number}" for number in range(len(providers))]
    routes = Routes(names)
    for name in names:
        routes.cover(name, [Route(NAME, "NSE_EQ", "1", 0.05, "equity")])
    calendars = Calendars(lambda _: {}, {"NSE": "Asia/Kolkata"})
    sifting = Sifting(LimitTable.parse(load_limits(None)), calendars, now_ns=lambda: NOON + 5 * MINUTE_NS, tell=tell)
    histories = {name: cast("History", provider) for name, provider in zip(names, providers, strict=True)}
    return Sources(histories, routes, now_ns=lambda: NOON + 5 * MINUTE_NS, sound=sifting.sound), told


def fates(told: Sequence[Quarantined]) -> list[tuple[int, Fate]]:
    return [(entry.ts_ns, entry.status) for entry in told]


GOOD, NEXT = candle(NOON, 10.0, 5), candle(NOON + MINUTE_NS, 10.0, 5)
UPSIDE_DOWN = msgspec.structs.replace(NEXT, high=9.0)
WICKED = msgspec.structs.replace(NEXT, high=20.0)
WANTED = (NOON, NOON + MINUTE_NS)


async def test_a_bar_that_contradicts_itself_heals_nothing_and_is_not_silence_either() -> None:
    asked, told = sources(Bars(GOOD, UPSIDE_DOWN))
    answer = await asked.minutes(NAME, WANTED)
    assert answer.minutes == [GOOD]
    assert answer.unheard == "bars of provider0 can not be believed, or not yet"
    assert fates(told) == [(NEXT.time, Fate.DISCARDED)]


async def test_the_next_provider_is_asked_for_what_the_first_told_wrong() -> None:
    asked, _ = sources(Bars(GOOD, UPSIDE_DOWN), Bars(NEXT))
    answer = await asked.minutes(NAME, WANTED)
    assert sorted(answer.minutes, key=lambda one: one.time) == [GOOD, NEXT]
    assert answer.unheard == ""


async def test_a_long_wick_heals_at_the_second_look() -> None:
    asked, told = sources(Bars(GOOD, WICKED))
    first, second = await asked.minutes(NAME, WANTED), await asked.minutes(NAME, WANTED)
    assert (first.minutes, bool(first.unheard)) == ([GOOD], True)
    assert (second.minutes, second.unheard) == ([GOOD, WICKED], "")
    assert fates(told) == [(NEXT.time, Fate.HELD), (NEXT.time, Fate.RELEASED)]


async def test_a_wick_that_a_second_provider_tells_too_is_believed_at_once() -> None:
    asked, _ = sources(Bars(GOOD, WICKED), Bars(WICKED))
    answer = await asked.minutes(NAME, WANTED)
    assert (len(answer.minutes), answer.unheard) == (2, "")
