"""The sentinel: what it tells clients, whom it asks and wakes, and what it keeps for those that come late."""

from collections.abc import Sequence
from typing import Any, cast

import trio

from actors.messages import (
    Carried,
    Count,
    Diagnosed,
    FeedStatus,
    Interrupted,
    LegsAsked,
    LineCarries,
    LineHeard,
    LinesWanted,
    Polled,
    Resubscribe,
    SymbolStatus,
)
from actors.sentinel import Sentinel
from engine.market import Calendars, Quote, Tick
from engine.market.diagnosis import Cause
from engine.providers.base import History, ProviderError, Route
from engine.runtime import ActorSystem
from engine.storage.memory import MemoryHotStore
from tests.actors.parts import MINUTE_NS, SECOND_NS, among_witnesses
from tests.market.lunch import DAY_NS, WITH_LUNCH

MORNING_NS = DAY_NS + 10 * 60 * MINUTE_NS
NAMES = ("XTKS:A", "XTKS:B", "XTKS:C", "XTKS:RARE")
ROUTES = tuple(Route(name, "NSE_EQ", str(number), 0.05, "equity") for number, name in enumerate(NAMES, 1))
WITNESSES = ("publisher", "heartbeat", "resolver", "feed")


class Record:
    """The provider's own word: the volume of each instrument; no word at all when it is away."""

    def __init__(self, **volumes: int) -> None:
        self.volumes = {f"XTKS:{name}": volume for name, volume in volumes.items()}
        self.away = False
        self.questions: list[list[str]] = []

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        await trio.sleep(0.1)
        self.questions.append([route.instrument for route in routes])
        if self.away:
            raise ProviderError("away")
        known = [route.instrument for route in routes if route.instrument in self.volumes]
        return {name: Quote(1.0, None, self.volumes[name]) for name in known}


class Scene:
    """A sentinel, one line with four instruments, and everybody it talks to."""

    def __init__(self, system: ActorSystem, seen: dict[str, list[Any]], hot: MemoryHotStore) -> None:
        self.system, self.seen, self.hot = system, seen, hot
        self.subject = system.ref("/engine/subject")
        self.line_is(Cause.DISCONNECTED)
        self.subject.tell(LineCarries("simulator", 0, ROUTES))
        self.line_is(Cause.LIVE)

    def line_is(self, cause: Cause) -> None:
        self.subject.tell(FeedStatus("simulator", 0, "any", self.now_ns, "", cause))

    @property
    def now_ns(self) -> int:
        return self.system.clock.now_ns()

    async def hear(self, seconds: int, *letters: str) -> None:
        """Each of these speaks once a second."""
        for _ in range(seconds):
            ticks = {
                f"XTKS:{one}": Tick(f"XTKS:{one}", 1.0, 1, 7, self.now_ns, self.now_ns, "simulator") for one in letters
            }
            self.subject.tell(LineHeard("simulator", 0, ticks))
            await trio.sleep(1)

    def told(self, letter: str) -> list[Cause]:
        """What clients heard of an instrument."""
        return [
            message.cause for message in self.of("publisher", SymbolStatus) if f"XTKS:{letter}" in message.instruments
        ]

    def of(self, witness: str, kind: type) -> list[Any]:
        return [message for message in self.seen[witness] if isinstance(message, kind)]


def make(hot: MemoryHotStore, record: Record) -> Any:
    def sentinel(system: ActorSystem) -> Sentinel:
        return Sentinel(
            hot,
            Calendars(lambda _: WITH_LUNCH),
            {"simulator": cast("History", record)},
            publisher=system.ref("/engine/publisher"),
            heartbeat=system.ref("/engine/heartbeat"),
            resolver=system.ref("/engine/resolver"),
            surveyor=system.ref("/engine/surveyor"),
            manager=system.ref("/engine/manager"),
            feeds={"simulator": system.ref("/engine/feed")},
            floor_s=20.0,
        )

    return sentinel


async def test_a_whole_exchange_that_closes_is_told_in_one_event(autojump_clock: Any) -> None:
    hot = MemoryHotStore()
    start_ns = DAY_NS + (11 * 60 + 29) * MINUTE_NS
    async with among_witnesses(make(hot, Record()), *WITNESSES, start_ns=start_ns) as (system, seen):
        scene = Scene(system, seen, hot)
        await scene.hear(62, "A", "B", "C", "RARE")
        events = [(message.status, message.instruments) for message in scene.of("publisher", SymbolStatus)]
        assert events[-1] == ("closed", NAMES)
        assert len(events) == 2
        assert {told["cause"] for told in (await hot.statuses()).values()} == {"closed"}
        assert scene.of("heartbeat", Diagnosed)[-1].counts == {"closed": 4}
        assert await scene.subject.ask(Count(), timeout_s=1) == {"instruments_closed": 4}


async def test_in_doubt_the_provider_is_asked_once_for_all_and_each_gets_its_own_cause(autojump_clock: Any) -> None:
    hot, record = MemoryHotStore(), Record(A=7, B=9)
    async with among_witnesses(make(hot, record), *WITNESSES, start_ns=MORNING_NS) as (system, seen):
        scene = Scene(system, seen, hot)
        await scene.hear(120, "A", "B", "C", "RARE")
        record.questions.clear()
        await scene.hear(62, "RARE")
        assert sorted(record.questions[0]) == ["XTKS:A", "XTKS:B", "XTKS:C"]
        assert len(record.questions) <= 2
        assert scene.told("A")[-1] is Cause.HALTED
        assert scene.told("B")[-1] is Cause.SUBSCRIPTION_LOST
        assert scene.told("C")[-1] is Cause.MAPPING_DEAD
        wishes = scene.of("feed", Resubscribe)
        assert sorted(name for wish in wishes for name in wish.instruments) == ["XTKS:B", "XTKS:C"]
        assert (await hot.statuses())["XTKS:C"]["status"] == "unmapped"
        await scene.hear(5, "B", "RARE")
        assert scene.told("B")[-1] is Cause.LIVE
        [missed] = scene.of("resolver", Interrupted)
        assert (missed.instrument, missed.end_ns - missed.start_ns) == ("XTKS:B", 63 * SECOND_NS)


async def test_a_provider_that_does_not_answer_leaves_it_at_quiet(autojump_clock: Any) -> None:
    hot, record = MemoryHotStore(), Record()
    record.away = True
    async with among_witnesses(make(hot, record), *WITNESSES, start_ns=MORNING_NS) as (system, seen):
        scene = Scene(system, seen, hot)
        await scene.hear(120, "A", "B", "C", "RARE")
        await scene.hear(600, "RARE")
        assert scene.told("A") == [Cause.LIVE]  # quiet is no news
        assert (await hot.statuses())["XTKS:A"]["cause"] == "quiet"
        assert 2 <= len(record.questions) < 10


async def test_the_line_speaks_for_all_it_carries(autojump_clock: Any) -> None:
    hot = MemoryHotStore()
    async with among_witnesses(make(hot, Record()), *WITNESSES, start_ns=MORNING_NS) as (system, seen):
        scene = Scene(system, seen, hot)
        await scene.hear(2, "A", "B", "C", "RARE")
        for cause in (Cause.STALLED, Cause.DISCONNECTED, Cause.TOKEN_DEAD, Cause.LIVE):
            scene.line_is(cause)
            await trio.sleep(2)
        assert scene.told("RARE")[-4:] == [Cause.STALLED, Cause.DISCONNECTED, Cause.TOKEN_DEAD, Cause.LIVE]


async def test_what_is_being_healed_is_told_until_it_is(autojump_clock: Any) -> None:
    hot = MemoryHotStore()
    async with among_witnesses(make(hot, Record()), *WITNESSES, start_ns=MORNING_NS) as (system, seen):
        scene = Scene(system, seen, hot)
        await scene.hear(3, "A", "B")
        year_ago_ns = MORNING_NS - 365 * 24 * 60 * MINUTE_NS
        await hot.set_healing(
            {"XTKS:A": [(year_ago_ns, year_ago_ns), (MORNING_NS, scene.now_ns)], "XTKS:B": [(year_ago_ns, year_ago_ns)]}
        )
        await scene.hear(5, "A", "B")
        assert (await hot.statuses())["XTKS:A"]["status"] == "backfilling"
        await hot.set_healing({})
        await scene.hear(5, "A", "B")
        events = scene.of("publisher", SymbolStatus)
        assert [(one.status, one.instruments) for one in events[1:]] == [
            ("backfilling", ("XTKS:A",)),
            ("live", ("XTKS:A",)),
        ]
        assert (await hot.statuses())["XTKS:A"]["status"] == "live"


async def test_a_store_that_is_away_gets_the_newest_of_each_when_it_is_back(autojump_clock: Any) -> None:
    hot = MemoryHotStore()
    async with among_witnesses(make(hot, Record()), *WITNESSES, start_ns=MORNING_NS) as (system, seen):
        scene = Scene(system, seen, hot)
        await scene.hear(3, "A")
        hot.link.away = True
        scene.line_is(Cause.STALLED)
        await trio.sleep(3)
        assert scene.told("A")[-1] is Cause.STALLED
        hot.link.away = False
        await trio.sleep(3)
        assert {told["cause"] for told in (await hot.statuses()).values()} == {"stalled"}


async def test_what_was_told_of_an_instrument_that_nobody_carries_any_more_is_taken_back(autojump_clock: Any) -> None:
    hot = MemoryHotStore()
    async with among_witnesses(make(hot, Record()), *WITNESSES, start_ns=MORNING_NS) as (system, seen):
        scene = Scene(system, seen, hot)
        await scene.hear(3, "A", "B")
        scene.subject.tell(LineCarries("simulator", 0, ()))  # as a feed does that plans its lines anew
        scene.subject.tell(LineCarries("simulator", 0, ROUTES[1:]))
        await trio.sleep(2)
        assert sorted(await hot.statuses()) == sorted(NAMES[1:])
        last = scene.of("publisher", SymbolStatus)[-1]
        assert (last.instruments, last.status, last.cause) == (NAMES[:1], "unmapped", Cause.NOT_CARRIED)
        assert scene.told("B") == [Cause.LIVE]
        assert sum(scene.of("heartbeat", Diagnosed)[-1].counts.values()) == len(NAMES) - 1
        hot.link.away = True
        scene.subject.tell(LineCarries("simulator", 0, ROUTES[2:]))
        await trio.sleep(2)
        hot.link.away = False
        scene.subject.tell(LineCarries("simulator", 1, ROUTES[:1]))
        await trio.sleep(2)
        assert sorted(await hot.statuses()) == sorted((NAMES[0], *NAMES[2:]))
        assert scene.told("A")[-1] is not Cause.NOT_CARRIED


async def test_what_was_learned_and_what_was_found_outlive_the_sentinel(autojump_clock: Any) -> None:
    hot = MemoryHotStore()
    await hot.set_statuses({"XTKS:GONE": {"status": "live", "cause": "live", "since": 1, "why": ""}})
    async with among_witnesses(make(hot, Record()), *WITNESSES, start_ns=MORNING_NS) as (system, seen):
        scene = Scene(system, seen, hot)
        await scene.hear(300, "A")
        assert "XTKS:GONE" not in await hot.statuses()
        await system.restart("/engine/subject")
        assert scene.of("feed", LinesWanted)
    times_s, squares = (await hot.paces())["XTKS:A"]
    assert 250 < times_s < 400
    assert squares < 2_000


async def test_an_instrument_that_two_feeds_bring_is_watched_on_the_one_that_carries_it(autojump_clock: Any) -> None:
    hot = MemoryHotStore()
    async with among_witnesses(make(hot, Record()), *WITNESSES, start_ns=MORNING_NS) as (system, seen):
        scene = Scene(system, seen, hot)
        await scene.hear(5, "A")
        scene.subject.tell(Carried(dict.fromkeys(NAMES, "simulator"), {}))
        scene.subject.tell(LineCarries("second", 0, ROUTES[:1]))
        scene.subject.tell(FeedStatus("second", 0, "any", scene.now_ns, "", Cause.TOKEN_DEAD))
        await trio.sleep(2)
        assert scene.told("A") == [Cause.LIVE], "the other one's trouble is nobody's"
        scene.subject.tell(Carried(dict.fromkeys(NAMES, "simulator") | {"XTKS:A": "second"}, {}))
        await trio.sleep(2)
        assert scene.told("A")[-1] is Cause.TOKEN_DEAD
        assert scene.told("B")[-1] is Cause.LIVE


async def test_while_the_heir_does_not_bring_an_instrument_yet_it_is_watched_where_it_was(autojump_clock: Any) -> None:
    hot = MemoryHotStore()
    async with among_witnesses(make(hot, Record()), *WITNESSES, start_ns=MORNING_NS) as (system, seen):
        scene = Scene(system, seen, hot)
        await scene.hear(5, "A")
        scene.subject.tell(Carried({"XTKS:A": "second"}, {}))
        await trio.sleep(2)
        assert Cause.NOT_CARRIED not in scene.told("A")


async def test_what_nobody_has_room_for_is_told_and_kept_for_those_that_come_late(autojump_clock: Any) -> None:
    hot = MemoryHotStore()
    async with among_witnesses(make(hot, Record()), *WITNESSES, start_ns=MORNING_NS) as (system, seen):
        scene = Scene(system, seen, hot)
        scene.subject.tell(Carried({}, {}, ("XTKS:Z",)))
        await trio.sleep(2)
        assert scene.told("Z") == [Cause.NOT_CARRIED]
        assert (await hot.statuses())["XTKS:Z"]["status"] == "unmapped"
        scene.subject.tell(Carried({}, {}, ()))
        await trio.sleep(2)
        assert "XTKS:Z" not in await hot.statuses()


async def test_an_option_that_is_asked_for_with_its_chain_is_told_as_fallback_while_its_exchange_is_open(
    autojump_clock: Any,
) -> None:
    hot = MemoryHotStore()
    before_lunch = DAY_NS + (11 * 60 + 29) * MINUTE_NS
    async with among_witnesses(make(hot, Record()), *WITNESSES, start_ns=before_lunch) as (system, seen):
        scene = Scene(system, seen, hot)
        scene.subject.tell(Carried({}, {}, ("XTKS:Y", "XTKS:Z")))
        scene.subject.tell(LegsAsked(frozenset({"XTKS:Z", "XTKS:A"})))
        await trio.sleep(2)
        assert (scene.told("Y"), scene.told("Z")) == ([Cause.NOT_CARRIED], [Cause.NOT_CARRIED, Cause.FALLBACK])
        kept = (await hot.statuses())["XTKS:Z"]
        assert (kept["status"], kept["cause"]) == ("fallback", "fallback")
        assert "asked for" in kept["why"]
        await trio.sleep(60)
        assert scene.told("Z")[-1] is Cause.CLOSED, "at lunch nobody is asked"
        scene.subject.tell(LegsAsked(frozenset()))
        await trio.sleep(2)
        assert scene.told("Z")[-1] is Cause.NOT_CARRIED
        assert (await hot.statuses())["XTKS:Z"]["status"] == "unmapped"


async def test_what_loses_its_room_to_others_is_told_what_becomes_of_it(autojump_clock: Any) -> None:
    hot = MemoryHotStore()
    async with among_witnesses(make(hot, Record()), *WITNESSES, start_ns=MORNING_NS) as (system, seen):
        scene = Scene(system, seen, hot)
        await scene.hear(5, "A", "B")
        scene.subject.tell(Carried(dict.fromkeys(NAMES[1:], "simulator"), {}, NAMES[:1]))
        scene.subject.tell(LegsAsked(frozenset(NAMES[:1])))
        scene.subject.tell(LineCarries("simulator", 0, ROUTES[1:]))
        await trio.sleep(2)
        assert scene.told("A")[-1] is Cause.FALLBACK
        assert (await hot.statuses())["XTKS:A"]["status"] == "fallback"
        scene.subject.tell(Carried(dict.fromkeys(NAMES, "simulator"), {}))
        scene.subject.tell(LineCarries("simulator", 0, ROUTES))
        await scene.hear(5, "A", "B")
        assert scene.told("A")[-1] is Cause.LIVE
        assert (await hot.statuses())["XTKS:A"]["status"] == "live"


async def test_an_instrument_whose_price_is_asked_for_is_told_as_fallback_until_it_no_longer_is(
    autojump_clock: Any,
) -> None:
    hot = MemoryHotStore()
    async with among_witnesses(make(hot, Record()), *WITNESSES, start_ns=MORNING_NS) as (system, seen):
        scene = Scene(system, seen, hot)
        scene.line_is(Cause.TOKEN_DEAD)
        await trio.sleep(2)
        scene.subject.tell(Polled(("XTKS:A",)))
        await trio.sleep(2)
        assert scene.told("A")[-1] is Cause.FALLBACK
        assert (await hot.statuses())["XTKS:A"]["status"] == "fallback"
        assert scene.told("B")[-1] is Cause.TOKEN_DEAD
        scene.subject.tell(Polled(()))
        await trio.sleep(2)
        assert scene.told("A")[-1] is Cause.TOKEN_DEAD
