"""How an engine comes to life: its stores, its lease, its tree; and how it goes when it is told to."""

import os
import random
import signal
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import anyio
import structlog

from actors.pace import Pace
from actors.shared_budget import SharedBudget
from config.calendars import load_calendar
from config.errors import SettingsError
from config.settings import Settings
from engine.app import engine_tree
from engine.market import Calendars
from engine.parts.base import NS_PER_S, Parts
from engine.providers.catalog import configured_providers
from engine.runtime import ActorSystem, ChildSpec, Clock, ReplayClock, SystemClock, resting, settle
from engine.runtime.mortality import VARIABLE, is_armed
from engine.screening.configured import configured_screeners
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DurableStore
from engine.storage.errors import HotStoreUnavailableError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.engine")

LEASE_S = 15.0
STAND_BY_S = 2.0


class LeaseLostError(Exception):
    """Two engines at one Redis: this one was too slow to renew its lease."""


async def run_engine(settings: Settings, ready: Callable[[], None]) -> None:
    """Runs until SIGTERM or SIGINT and returns when everything is saved; calls ``ready`` when all actors run.

    Raises the kernel's EscalationError when the tree gave itself up, and LeaseLostError when another engine took over.
    """
    if is_armed() and not settings.simulated:
        raise SettingsError(f"{VARIABLE}: expected to be unset where data is real, because it ends the engine.")
    async with running_engine(settings, clock_of(settings)) as (system, parts):
        settle(tidy=False)
        ready()
        await until_told(system, parts.lease_lost)


@asynccontextmanager
async def running_engine(
    settings: Settings, clock: Clock, *, pace: Pace | None = None
) -> AsyncGenerator[tuple[ActorSystem, Parts]]:
    """An engine on duty: all actors run when the block begins; its end stops them in order and gives the lease back."""
    async with open_bridge(), open_stores(settings) as (hot, durable):
        engine_id = settings.engine_id or f"{socket.gethostname()}-{os.getpid()}"
        await stand_by(hot, engine_id)
        calendars = await known_calendars(durable, clock)
        providers = configured_providers(settings, SharedBudget(hot), now_ns=clock.now_ns)
        screeners = configured_screeners(settings.screeners_file)
        parts = Parts(settings, engine_id, hot, durable, providers, calendars, screeners, pace=pace or Pace())
        async with ActorSystem("engine", clock=clock, jitter=random.random) as system:
            with resting():
                await system.start(ChildSpec("engine", partial(engine_tree, system, parts)))
            yield system, parts
        await give_back(hot, engine_id)


async def known_calendars(durable: DurableStore, clock: Clock) -> Calendars:
    """The exchanges' calendars; says of which of the instruments' there is none, or which end soon, or have."""
    calendars = Calendars(load_calendar)
    calendars.learn(await durable.exchanges())
    today = datetime.fromtimestamp(clock.now_ns() / NS_PER_S, UTC).date()
    for sentence in calendars.warnings(await durable.instrument_names(), today):
        log.warning("calendar_runs_out", why=sentence)
    return calendars


@asynccontextmanager
async def open_stores(settings: Settings) -> AsyncGenerator[tuple[HotStore, DurableStore]]:
    """Both stores, usable from trio."""
    hot = bridged(await bridged(HotStore).connect(settings.hot_url, retention_days=settings.hot_retention_days))
    try:
        durable = bridged(await bridged(DurableStore).connect(settings.durable_url))
        try:
            yield hot, durable
        finally:
            await durable.close()
    finally:
        await hot.close()


async def stand_by(hot: HotStore, engine_id: str) -> None:
    """Returns when the lease is ours: one engine at a time owns the feeds, a second one waits here."""
    told = False
    while not await hot.acquire_lease(engine_id, LEASE_S):
        if not told:
            log.info("standing_by", lease_of=await hot.lease_owner())
            told = True
        await anyio.sleep(STAND_BY_S)


async def give_back(hot: HotStore, engine_id: str) -> None:
    """Lets the next engine start at once; where Redis is away, the lease lapses by itself."""
    try:
        await hot.release_lease(engine_id)
    except HotStoreUnavailableError as error:
        log.info("lease_not_released", error=str(error))


def clock_of(settings: Settings) -> Clock:
    """The machine's clock, or the one a recording is replayed by."""
    machine = SystemClock()
    start_ns = settings.replayed_ns(machine.now_ns())
    if start_ns is None:
        return machine
    clock = ReplayClock(start_ns, settings.replay_speed)
    clock.now_ns()  # it starts with the first look: not after an engine that stood by for minutes
    return clock


async def until_told(system: ActorSystem, lease_lost: anyio.Event) -> None:
    """Returns at the first SIGTERM or SIGINT; raises when the tree ends before, or another engine is on duty."""
    async with anyio.create_task_group() as tasks:

        async def listen() -> None:
            with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
                async for number in signals:
                    log.info("stopping", signal=signal.Signals(number).name)
                    tasks.cancel_scope.cancel()
                    return

        async def yield_to_another() -> None:
            await lease_lost.wait()
            raise LeaseLostError("Another engine holds lease:engine.")

        tasks.start_soon(listen)
        tasks.start_soon(yield_to_another)
        await system.join()
