"""The daily round: before the market opens the jobs are begun that read a list again, and what fails is tried again."""

import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from functools import partial
from typing import Any

import trio

from actors.masters import LOOK_S, Masters
from actors.messages import Alert, Count, StartJob
from engine.market import Instrument
from engine.market.instrument import InstrumentKind
from engine.runtime import Actor, ActorSystem, ChildSpec, LoopClock, Supervisor, handles
from engine.seeding import exchanges
from engine.storage.durable import Job
from engine.storage.memory import MemoryDurableStore
from tests.actors.parts import Witness

HOUR_NS = 3_600_000_000_000
EVENING_NS = int(datetime(2026, 11, 20, 18, 0, tzinfo=UTC).timestamp()) * 1_000_000_000
MORNING_NS = int(datetime(2026, 11, 21, 3, 5, tzinfo=UTC).timestamp()) * 1_000_000_000
"""08:35 in India."""


class Clerk(Actor):
    """In the jobs' place: notes each job, which ends at once, well or not."""

    def __init__(self, desk: "Desk") -> None:
        super().__init__()
        self._desk = desk

    @handles(StartJob)
    def on_start_job(self, wish: StartJob) -> dict[str, Any]:
        now_ms = self.system.clock.now_ns() // 1_000_000
        return {"id": self._desk.note(f"populate-{now_ms}", wish.arguments)}


class Desk:
    """What is known of jobs, and how the next one ends."""

    def __init__(self) -> None:
        self.durable = MemoryDurableStore()
        self.ends = "done"
        self.begun: list[tuple[int, dict[str, Any]]] = []
        """When, in ns, and what was asked for."""
        self.alarms: list[Any] = []

    def note(self, identity: str, arguments: dict[str, Any]) -> str:
        self.begun.append((int(identity.partition("-")[2]) * 1_000_000, arguments))
        self.durable.tables.jobs[identity] = Job(identity, "populate", self.ends, arguments=arguments)
        return identity

    async def stock(self) -> None:
        contract = Instrument(0, "NFO", "NIFTY26NOV26FUT", "", InstrumentKind.FUTURE, 0.05, underlying="NIFTY")
        await self.durable.seed(exchanges(), [contract], [])


@asynccontextmanager
async def office(desk: Desk, provider: str = "dhan", start_ns: int = EVENING_NS) -> AsyncGenerator[ActorSystem]:
    async with ActorSystem("engine", clock=LoopClock(start_ns)) as system:
        to = {"jobs": system.ref("/engine/jobs"), "publisher": system.ref("/engine/publisher")}
        specs = [
            ChildSpec("publisher", partial(Witness, desk.alarms)),
            ChildSpec("jobs", partial(Clerk, desk)),
            ChildSpec("masters", partial(Masters, desk.durable, [provider], time(8, 35), **to, jitter=lambda: 0.0)),
        ]
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        yield system


async def until(system: ActorSystem, ns: int) -> None:
    await trio.sleep(system.clock.seconds_until(ns))


async def counted(system: ActorSystem) -> dict[str, float]:
    return await system.ref("/engine/masters").ask(Count(), timeout_s=5)


async def test_once_a_day_before_the_open_instruments_are_read_again_and_then_their_names(autojump_clock: Any) -> None:
    desk = Desk()
    await desk.stock()
    async with office(desk) as system:
        await until(system, MORNING_NS)
        assert desk.begun == []
        await until(system, MORNING_NS + HOUR_NS // 4)
        wanted = [
            {"what": "instruments", "provider": "dhan", "exchanges": [], "underlyings": ["NIFTY"]},
            {"what": "mappings", "provider": "dhan"},
        ]
        assert [arguments for _, arguments in desk.begun] == wanted
        figures = await counted(system)
        assert (figures["list_failures:dhan"], figures["list_age_s:dhan"] < 900) == (0, True)
        await until(system, MORNING_NS + 23 * HOUR_NS)
        assert len(desk.begun) == 2
        await until(system, MORNING_NS + 25 * HOUR_NS)
        assert [arguments for _, arguments in desk.begun] == wanted * 2


async def test_what_fails_is_tried_again_more_and_more_rarely_and_an_operator_is_told_once(autojump_clock: Any) -> None:
    desk = Desk()
    desk.ends = "failed"
    async with office(desk) as system:
        await until(system, MORNING_NS + 6 * HOUR_NS)
        times_s = [ns / 1e9 for ns, _ in desk.begun]
        pauses_s = [later - earlier for earlier, later in itertools.pairwise(times_s)]
        assert 7 <= len(times_s) <= 12
        assert all(pause <= after + 2 * LOOK_S for pause, after in itertools.pairwise(pauses_s))
        assert pauses_s[-1] > 3_500
        assert (await counted(system))["list_failures:dhan"] == len(times_s)
        assert [alarm.words for alarm in desk.alarms if isinstance(alarm, Alert)] == [
            "The list of dhan could not be read 3 times today: yesterday's mappings stay in force."
        ]
        desk.ends = "done"
        await until(system, MORNING_NS + 8 * HOUR_NS)
        assert [arguments["what"] for _, arguments in desk.begun[-2:]] == ["instruments", "mappings"]
        assert (await counted(system))["list_failures:dhan"] == 0


async def test_an_engine_goes_on_where_the_one_before_it_was_and_makes_up_for_a_missed_hour(
    autojump_clock: Any,
) -> None:
    desk = Desk()
    await desk.durable.save([], [], checkpoint_ns=EVENING_NS - 24 * HOUR_NS, name="list:dhan")
    desk.note(f"populate-{(EVENING_NS - HOUR_NS) // 1_000_000}", {"what": "instruments", "provider": "dhan"})
    async with office(desk) as system:
        await until(system, EVENING_NS + HOUR_NS // 4)
        assert [arguments["what"] for _, arguments in desk.begun[1:]] == ["mappings"]
        assert await desk.durable.checkpoint("list:dhan") > EVENING_NS


async def test_while_a_job_of_the_provider_is_at_work_no_other_begins(autojump_clock: Any) -> None:
    desk = Desk()
    desk.ends = "running"
    desk.note(f"populate-{EVENING_NS // 1_000_000}", {"what": "mappings", "provider": "dhan"})
    async with office(desk) as system:
        await until(system, MORNING_NS + 3 * HOUR_NS)
        assert len(desk.begun) == 1
        assert "list_age_s:dhan" not in await counted(system)


async def test_a_provider_without_a_list_is_left_alone_until_somebody_maps_it(autojump_clock: Any) -> None:
    desk = Desk()
    async with office(desk, "yahoo") as system:
        await until(system, MORNING_NS + 14 * HOUR_NS)
        assert desk.begun == []
        desk.note(
            f"populate-{system.clock.now_ns() // 1_000_000}",
            {"what": "mappings", "provider": "yahoo", "exchanges": ["NYSE"]},
        )
        await until(system, MORNING_NS + 40 * HOUR_NS)
        assert [arguments for _, arguments in desk.begun[1:]] == [
            {"what": "mappings", "provider": "yahoo", "exchanges": ["NYSE"]}
        ]
