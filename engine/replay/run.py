"""A replay: the engine's own tree on a recording, in virtual time, with stores that nobody else sees."""

import math
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import NoReturn, TypeVar

import msgspec
import trio
from trio.testing import MockClock

from actors.pace import Pace
from config.calendars import load_calendar
from config.settings import Settings
from engine.app import engine_tree
from engine.market import Calendars
from engine.parts.base import Parts
from engine.providers.catalog import silent_provider
from engine.providers.provider import Provider
from engine.recording import NotRecordedError, Record, Session, read_files
from engine.recording.blocks import Damage
from engine.recording.session import seed_session
from engine.replay.clock import NS_PER_S, RecordedClock
from engine.replay.digest import Digest, digest_of, standing
from engine.replay.feed import ReplayFeed
from engine.replay.heard import HeardHotStore
from engine.replay.history import ReplayHistory
from engine.replay.timeline import Timeline
from engine.runtime import ActorSystem, ChildSpec, Turns
from engine.storage.hot import keys
from engine.storage.memory import MemoryDurableStore
from engine.storage.packing import pack

Result = TypeVar("Result")

ENGINE_ID = "replay"
LEASE_S = 15.0
STEP_NS = NS_PER_S
AFTERWARDS_NS = 10 * NS_PER_S
"""An engine that was killed goes on for so long in its replay: what was under way comes to an end."""
PACED_S = 0.02
"""Seconds between two looks whether a replay is ahead of its pace."""
SOONEST = 1.0 - 2**-53
"""The jitter that takes most away from a pause: ours waits no longer than the recorded engine did, and then for it."""


class Summary(msgspec.Struct, frozen=True):
    """What a replay made of a recording."""

    runs: int
    """Engines that were recorded, one after the other."""
    first_ns: int
    last_ns: int
    frames: int
    ticks: int
    candles: int
    revisions: int
    """Candles that another one replaced."""
    events: int
    holes: int
    """Where the recorder says that it lost something, and damaged parts of files."""
    unanswered: int
    """Questions to a provider's history that the recording has no answer to."""
    took_s: float
    digest: Digest

    @property
    def ticks_per_s(self) -> float:
        return self.ticks / self.took_s

    @property
    def times_real_time(self) -> float:
        return (self.last_ns - self.first_ns) / NS_PER_S / self.took_s


class Stage:
    """The stores that all runs of a replay share, and what was counted so far."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = RecordedClock(0)
        """The clock of the run that is on."""
        self.hot = HeardHotStore(self._now_ns, retention_days=settings.hot_retention_days)
        self.durable = MemoryDurableStore()
        self.runs = 0
        self.frames = 0
        self.ticks = 0
        self.holes = 0
        self.unanswered = 0

    def _now_ns(self) -> int:
        return self.clock.now_ns()


@dataclass(frozen=True, slots=True)
class Listener:
    """Who wants to know how a replay goes on."""

    progressed: Callable[[int], None] = lambda _: None
    """Bytes of the files that were read since it was told last."""
    damaged: Callable[[Path, Damage], None] = lambda _, __: None
    """A part of a file that was skipped."""


def replay(
    paths: Sequence[Path],
    settings: Settings,
    listener: Listener | None = None,
    *,
    speed: float = math.inf,
    turns: Turns | None = None,
) -> tuple[Summary, Stage]:
    """Lives through recordings again, ``speed`` times as fast as it was; by default as fast as the processor can.

    ``turns`` decides which actor comes next, where no order is promised. Raises ``RecordingFileError``.
    """
    clock = MockClock(autojump_threshold=0.0)  # time moves on when nobody has anything left to do, and only then
    return trio.run(_paced, speed, partial(_replay, paths, settings, listener or Listener(), turns), clock=clock)


async def _paced(speed: float, work: Callable[[], Awaitable[Result]]) -> Result:
    """Does the work, holding it back so that its time passes no more than ``speed`` times as fast as ours."""
    async with trio.open_nursery() as nursery:
        if not math.isinf(speed):
            nursery.start_soon(_hold_back, speed)
        result = await work()
        nursery.cancel_scope.cancel()
    return result


async def _hold_back(speed: float) -> NoReturn:
    """Blocks the whole loop: its time stands meanwhile, so what a replay makes does not depend on its pace."""
    began, began_s = perf_counter(), trio.current_time()
    while True:
        await trio.sleep(PACED_S * speed)
        ahead_s = (trio.current_time() - began_s) / speed - (perf_counter() - began)
        if ahead_s > 0:
            time.sleep(ahead_s)  # noqa: ASYNC251 - nothing is left to do until then


async def _replay(
    paths: Sequence[Path], settings: Settings, listener: Listener, turns: Turns | None
) -> tuple[Summary, Stage]:
    began = perf_counter()
    quiet = {"record_frames": False, "end_of_day_after": None, "chains": ()}
    stage = Stage(settings.model_copy(update=quiet))

    def damaged(path: Path, damage: Damage) -> None:
        stage.holes += 1
        listener.damaged(path, damage)

    records = read_files(paths, damaged=damaged, progressed=listener.progressed)
    session = _first(records)
    first_ns = last_ns = session.started_ns
    following: Session | None = session
    while following is not None:
        timeline = await _run(stage, following, records, turns)
        last_ns, following = timeline.end_ns, timeline.following
    digest = await digest_of(stage.hot, stage.durable)
    summary = Summary(
        runs=stage.runs,
        first_ns=first_ns,
        last_ns=last_ns,
        frames=stage.frames,
        ticks=stage.ticks,
        candles=len(standing(stage.durable)),
        revisions=len(stage.durable.tables.replaced),
        events=stage.hot.events,
        holes=stage.holes,
        unanswered=stage.unanswered,
        took_s=perf_counter() - began,
        digest=digest,
    )
    return summary, stage


def _first(records: Iterator[Record]) -> Session:
    first = next(records, None)
    if not isinstance(first, Session):
        raise NotRecordedError("It does not say what the engine started with.")
    return first


async def _run(stage: Stage, session: Session, records: Iterator[Record], turns: Turns | None) -> Timeline:
    """One engine's life, from its start to its end."""
    stage.runs += 1
    clock = stage.clock = RecordedClock(session.started_ns, session.speed)
    timeline = Timeline(session, records, clock)
    await _prepare(stage, session)
    calendars = Calendars(load_calendar)
    calendars.learn(session.exchanges)
    silent = {name: silent_provider(name, stage.settings) for name in session.providers}
    feeds = {name: ReplayFeed(provider.feed, timeline, clock) for name, provider in silent.items()}
    histories = {name: ReplayHistory(provider.history, name, timeline, clock) for name, provider in silent.items()}
    providers = {name: Provider(feeds[name], histories[name]) for name in session.providers}
    parts = Parts(
        stage.settings,
        ENGINE_ID,
        stage.hot,
        stage.durable,
        providers,
        calendars,
        pace=Pace(tree_s=60.0),
        jitter=lambda: SOONEST,
    )
    async with ActorSystem("engine", clock=clock, jitter=lambda: SOONEST, turns=turns) as system:
        await system.start(ChildSpec("engine", partial(engine_tree, system, parts)))
        await _until_the_end(timeline, clock)
    stage.frames += timeline.counts.frames
    stage.holes += timeline.counts.holes
    stage.ticks += sum(decoder.statistics().ticks for feed in feeds.values() for decoder in feed.decoders)
    stage.unanswered += sum(history.unanswered for history in histories.values())
    return timeline


async def _prepare(stage: Stage, session: Session) -> None:
    """The stores know what the recorded engine's knew; of the second run on they know it of themselves."""
    await seed_session(stage.durable, session)
    if stage.runs == 1:
        for instrument, state in session.states.items():
            await stage.hot.link.call("SET", keys.state(instrument), pack(state))
        for provider, seen_ns in session.seen.items():
            await stage.hot.set_seen(provider, seen_ns)
    await stage.hot.acquire_lease(ENGINE_ID, LEASE_S)


async def _until_the_end(timeline: Timeline, clock: RecordedClock) -> None:
    """Goes with the recording; nobody else may want the last of it."""
    while not timeline.has_ended:
        while not timeline.has_ended and timeline.end_ns <= clock.now_ns():
            timeline.read()
        await clock.reach(min(clock.now_ns() + STEP_NS, timeline.end_ns))
    afterwards_ns = 0 if timeline.was_stopped else AFTERWARDS_NS
    await clock.reach(timeline.end_ns + afterwards_ns)
