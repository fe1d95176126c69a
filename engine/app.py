"""The engine's one page: its whole tree, in start order."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import anyio

from actors.auditor import Auditor
from actors.broadcaster import Broadcaster
from actors.candle_writer import CandleWriter
from actors.carrying import Carrying
from actors.chart_builder import ChartBuilder
from actors.charts import Charts
from actors.comparer import Comparer
from actors.credentials import Credentials
from actors.dated_history import DatedHistory, NameBook
from actors.fallback import Fallback
from actors.feed import FeedActor
from actors.healer import Healer
from actors.heartbeat import Heartbeat
from actors.historian import Historian
from actors.instrument import Outlets
from actors.job_kinds import JobKinds
from actors.jobs import Jobs
from actors.last_prices import LastPrices
from actors.line_voice import Listeners
from actors.masters import Masters
from actors.operator import Operator
from actors.order_updates import OrderUpdates
from actors.overruling import Overruling
from actors.pace import Pace
from actors.past import Past
from actors.persister import Persister
from actors.populating import Populating
from actors.price_sources import PriceSources
from actors.provider_manager import Neighbours, ProviderManager
from actors.publisher import Publisher
from actors.quarantine import Quarantine
from actors.quote_sources import QuoteSources
from actors.recorder import Recorder
from actors.records import Records
from actors.resolver import Resolver
from actors.routes import Routes
from actors.scanner import Scanner
from actors.second_source import SecondSource
from actors.sentinel import Sentinel
from actors.sifting import Sifting
from actors.sources import Sources
from actors.surveyor import Surveyor
from actors.watches import Watches
from actors.wishes import engine_wishes
from config.settings import Settings
from engine.credentials import DropFolder, Vault, sealing_keys
from engine.limits import limits_in_force
from engine.market import Calendars
from engine.market.divergence import Divergences
from engine.market.failover import FailoverRules
from engine.providers.dhan.login import token_for
from engine.providers.provider import Provider
from engine.recording import RecordingFolder
from engine.recording.history import RecordedHistory
from engine.recording.session import session_of
from engine.runtime import GENTLE, Actor, ActorRef, ActorSystem, ChildSpec, DynamicSupervisor, Supervisor
from engine.seeding import FORMATS, RULES, ListFolder, listed
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from engine.storage.tally import Tally

NS_PER_S = 1_000_000_000
Start = Callable[[], Actor]

INSTRUMENT_CRASHES = 100
"""In a minute: some instruments that crash again and again must not take thousands along."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the tree is built of."""

    settings: Settings
    engine_id: str
    hot: HotStore
    durable: DurableStore
    providers: Mapping[str, Provider]
    calendars: Calendars
    lease_lost: anyio.Event = field(default_factory=anyio.Event)
    """Set when another engine is on duty: this one has to go."""
    pace: Pace = field(default_factory=Pace)
    jitter: Callable[[], float] = random.random


class Places:
    """The addresses of the tree's first floor. They name places, so children know each other whatever the order."""

    def __init__(self, system: ActorSystem) -> None:
        self.recorder = system.ref("/engine/recorder")
        self.heartbeat = system.ref("/engine/heartbeat")
        self.persister = system.ref("/engine/persister")
        self.broadcaster = system.ref("/engine/broadcaster")
        self.publisher = system.ref("/engine/publisher")
        self.candle_writer = system.ref("/engine/candle_writer")
        self.instruments = system.ref("/engine/instruments")
        self.quarantine = system.ref("/engine/quarantine")
        self.resolver = system.ref("/engine/resolver")
        self.jobs = system.ref("/engine/jobs")
        self.sentinel = system.ref("/engine/sentinel")
        self.provider_manager = system.ref("/engine/provider_manager")
        self.charts = system.ref("/engine/charts")
        self.historian = system.ref("/engine/historian")
        self.watches = system.ref("/engine/watches")
        self.last_prices = system.ref("/engine/last_prices")
        self.auditor = system.ref("/engine/auditor")
        self.credentials = system.ref("/engine/credentials")
        self.surveyor = system.ref("/engine/surveyor")
        self.fallback = system.ref("/engine/fallback")
        self.masters = system.ref("/engine/masters")
        self.comparer = system.ref("/engine/comparer")


def engine_tree(system: ActorSystem, parts: Parts) -> Supervisor:
    """The engine, top down. Stopped in reverse, mailboxes emptied on the way: the feeds first, the savers last.

    A crash concerns only the actor that crashed: the others keep its address, and what it lost is healed.
    """
    at = Places(system)
    parts = recorded(system, parts, at)
    healing = Healing(system, parts, at)
    return Supervisor(
        [
            *recorder(system, parts),
            ChildSpec("heartbeat", heartbeat(parts, at), backoff=GENTLE),
            ChildSpec("persister", persister(parts, at), shutdown_s=30, backoff=GENTLE),
            ChildSpec("broadcaster", Broadcaster),
            ChildSpec("publisher", publisher(parts, at), backoff=GENTLE),
            ChildSpec("charts", charts(parts, at), backoff=GENTLE),
            ChildSpec("candle_writer", candle_writer(parts, at), backoff=GENTLE),
            ChildSpec("quarantine", quarantine(parts, at, healing), backoff=GENTLE),
            ChildSpec("instruments", partial(DynamicSupervisor, intensity=INSTRUMENT_CRASHES)),
            ChildSpec("resolver", resolver(parts, at, healing), backoff=GENTLE),
            ChildSpec("jobs", jobs(parts, at, healing), backoff=GENTLE),
            ChildSpec("surveyor", surveyor(system, parts, at), backoff=GENTLE),
            ChildSpec("sentinel", sentinel(system, parts, at), backoff=GENTLE),
            ChildSpec("credentials", credentials(system, parts, at), backoff=GENTLE),
            ChildSpec("provider_manager", provider_manager(system, parts, at), backoff=GENTLE),
            ChildSpec("feeds", partial(Supervisor, feeds(parts, at), intensity=10)),
            *order_updates(parts, at),
            ChildSpec("fallback", fallback(parts, at, healing), backoff=GENTLE),
            ChildSpec("comparer", comparer(parts, at, healing), backoff=GENTLE),
            ChildSpec("historian", historian(parts, at, healing), backoff=GENTLE),
            *masters(parts, at),
            ChildSpec("auditor", auditor(parts), backoff=GENTLE),
            ChildSpec("watches", partial(Watches, at.instruments.path, fallback=at.fallback)),
            ChildSpec("last_prices", last_prices(system, parts, healing), backoff=GENTLE),
            ChildSpec("operator", operator(parts, at), backoff=GENTLE),
        ],
        intensity=10,
    )


def recorder(system: ActorSystem, parts: Parts) -> list[ChildSpec]:
    """The one that keeps what providers send, where the settings ask for it."""
    settings, started_ns = parts.settings, system.clock.now_ns()
    if not settings.record_frames:
        return []
    begin = partial(session_of, parts.hot, parts.durable, tuple(parts.providers), started_ns, settings.replay_speed)
    opened = partial(
        RecordingFolder,
        settings.recordings,
        rotate_bytes=settings.record_rotate_mb * 2**20,
        keep_days=settings.record_keep_days,
    )
    return [ChildSpec("recorder", partial(Recorder, begin, opened), backoff=GENTLE)]


def recorded(system: ActorSystem, parts: Parts, at: Places) -> Parts:
    """The same parts; where the settings ask for it, histories tell the recorder what they say, as feeds do."""
    if not parts.settings.record_frames:
        return parts
    tell, now_ns = at.recorder.tell, system.clock.now_ns
    providers = {
        name: replace(provider, history=RecordedHistory(provider.history, name, tell=tell, now_ns=now_ns))
        for name, provider in parts.providers.items()
    }
    return replace(parts, providers=providers)


def heartbeat(parts: Parts, at: Places) -> Start:
    lost, renew_s = parts.lease_lost.set, parts.pace.renew_s
    return partial(Heartbeat, parts.hot, parts.engine_id, surveyor=at.surveyor, lost=lost, renew_interval_s=renew_s)


def persister(parts: Parts, at: Places) -> Start:
    interval = parts.settings.save_interval_minutes
    return partial(
        Persister, parts.hot, parts.durable, parts.calendars, writer=at.candle_writer, interval_minutes=interval
    )


def publisher(parts: Parts, at: Places) -> Start:
    return partial(Publisher, parts.hot, broadcaster=at.broadcaster, interval_s=parts.pace.publish_s)


def charts(parts: Parts, at: Places) -> Start:
    return partial(Charts, ChartBuilder(parts.hot, parts.durable, parts.calendars), history=at.historian)


def candle_writer(parts: Parts, at: Places) -> Start:
    return partial(
        CandleWriter,
        parts.hot,
        persister=at.persister,
        publisher=at.publisher,
        resolver=at.resolver,
        charts=at.charts,
        surveyor=at.surveyor,
        interval_s=parts.pace.flush_s,
    )


class Healing:
    """What heals: one of each, shared by who heals what was lost and who heals what an operator wants."""

    def __init__(self, system: ActorSystem, parts: Parts, at: Places) -> None:
        settings, hot, durable, calendars = parts.settings, parts.hot, parts.durable, parts.calendars
        now_ns = system.clock.now_ns
        settle_after_ns = settings.saved_after_ns
        self.retention_ns = settings.hot_retention_days * 86_400 * NS_PER_S
        self.routes = Routes(parts.providers)
        self.histories = {
            name: DatedHistory(provider.history, NameBook(durable, name, now_ns=now_ns))
            for name, provider in parts.providers.items()
        }
        sifting = Sifting(limits_in_force(settings), calendars, now_ns=now_ns, tell=at.quarantine.tell)
        sources = Sources(self.histories, self.routes, now_ns=now_ns, sound=sifting.sound)
        self.past = Past(hot, durable, self.histories, self.routes, calendars, now_ns=now_ns)
        records = Records(hot, durable, calendars)
        self.scanner = Scanner(
            hot,
            durable,
            records,
            calendars,
            now_ns=now_ns,
            retention_ns=self.retention_ns,
            settle_after_ns=settle_after_ns,
        )
        self.healer = Healer(
            records,
            sources,
            self.routes,
            calendars,
            writer=at.candle_writer,
            listeners=(at.publisher, at.charts),
            now_ns=now_ns,
            settle_after_ns=settle_after_ns,
            retention_ns=self.retention_ns,
        )


def resolver(parts: Parts, at: Places, healing: Healing) -> Start:
    return partial(
        Resolver,
        parts.hot,
        healing.healer,
        healing.scanner,
        healing.routes,
        parts.calendars,
        manager=at.provider_manager,
        retention_ns=healing.retention_ns,
        jitter=parts.jitter,
        note_interval_s=parts.pace.note_s,
    )


def outlets(pace: Pace, at: Places) -> Outlets:
    return Outlets(at.candle_writer, at.broadcaster, at.resolver, at.quarantine, pace.report_s, pace.watched_s)


def quarantine(parts: Parts, at: Places, healing: Healing) -> Start:
    return partial(
        Quarantine,
        parts.durable,
        SecondSource(healing.histories, healing.routes),
        Overruling(parts.durable, healing.routes, healing.healer, resolver=at.resolver),
        healing.routes,
        publisher=at.publisher,
    )


def sentinel(system: ActorSystem, parts: Parts, at: Places) -> Start:
    return partial(
        Sentinel,
        parts.hot,
        parts.calendars,
        {name: provider.history for name, provider in parts.providers.items()},
        publisher=at.publisher,
        heartbeat=at.heartbeat,
        resolver=at.resolver,
        surveyor=at.surveyor,
        manager=at.provider_manager,
        feeds=feeds_of(system, parts),
        floor_s=parts.pace.silence_floor_s,
        look_interval_s=parts.pace.look_s,
    )


def order_updates(parts: Parts, at: Places) -> list[ChildSpec]:
    """One for each provider that tells of orders on a socket of its own."""
    return [
        ChildSpec(
            f"order_updates_{name}",
            partial(OrderUpdates, one.notices, one.keyring, publisher=at.publisher, jitter=parts.jitter),
            backoff=GENTLE,
        )
        for name, one in parts.providers.items()
        if one.notices is not None and one.keyring is not None
    ]


def fallback(parts: Parts, at: Places, healing: Healing) -> Start:
    sources = QuoteSources(healing.histories, healing.routes, jitter=parts.jitter)
    return partial(Fallback, sources, parts.calendars, instruments=at.instruments.path, sentinel=at.sentinel)


def comparer(parts: Parts, at: Places, healing: Healing) -> Start:
    divergences = Divergences(parts.settings.divergence_percent)
    histories, routes = healing.histories, healing.routes
    return partial(Comparer, parts.hot, histories, routes, parts.calendars, divergences, publisher=at.publisher)


def historian(parts: Parts, at: Places, healing: Healing) -> Start:
    return partial(Historian, healing.past, jobs=at.jobs, wanted=parts.settings.initial_history)


def jobs(parts: Parts, at: Places, healing: Healing) -> Start:
    kinds = JobKinds(
        healing.healer,
        healing.scanner,
        healing.routes,
        healing.past,
        populating(parts, at),
        resolver=at.resolver,
        charts=at.charts,
    )
    return partial(Jobs, parts.durable, kinds, publisher=at.publisher)


def populating(parts: Parts, at: Places) -> Populating:
    """Where the lists are that the tables are filled from."""
    settings = parts.settings
    addresses = {"dhan": settings.dhan_master_url, "kite": settings.kite_master_url}
    listing = partial(listed, settings.simulator_rest_url or "") if settings.simulated else None
    lists = ListFolder(settings.data_dir / "masters", addresses)
    return Populating(parts.durable, lists, tuple(parts.providers), listing, at.provider_manager)


def feeds_of(system: ActorSystem, parts: Parts) -> dict[str, ActorRef]:
    """Where the providers' feeds are, the preferred one first."""
    return {name: system.ref(f"/engine/feeds/{name}") for name in parts.providers}


def surveyor(system: ActorSystem, parts: Parts, at: Places) -> Start:
    return partial(
        Surveyor,
        manager=at.provider_manager,
        heartbeat=at.heartbeat,
        feeds=feeds_of(system, parts),
        look_interval_s=parts.pace.look_s,
    )


def reads_lists(settings: Settings) -> bool:
    """Whether providers' lists are read again daily."""
    return settings.masters_at is not None and not settings.simulated


def masters(parts: Parts, at: Places) -> list[ChildSpec]:
    """The one that reads providers' lists again, unless the settings say otherwise; simulated data have none to read."""
    settings = parts.settings
    if settings.masters_at is None or not reads_lists(settings):
        return []
    providers = [name for name in parts.providers if name in FORMATS or name in RULES]
    to = {"jobs": at.jobs, "publisher": at.publisher}
    make = partial(Masters, parts.durable, providers, settings.masters_at, **to, jitter=parts.jitter)
    return [ChildSpec("masters", make, backoff=GENTLE)]


def provider_manager(system: ActorSystem, parts: Parts, at: Places) -> Start:
    settings, providers = parts.settings, parts.providers
    capacity = {name: provider.feed.limits.capacity for name, provider in providers.items()}
    after_s, return_s = settings.failover_after_s, settings.failover_return_s
    rules = FailoverRules(after_s=after_s, return_s=return_s, dwell_s=min(FailoverRules().dwell_s, return_s))
    neighbours = Neighbours(
        instruments=at.instruments,
        feeds=feeds_of(system, parts),
        resolver=at.resolver,
        sentinel=at.sentinel,
        heartbeat=at.heartbeat,
        publisher=at.publisher,
        surveyor=at.surveyor,
        fallback=at.fallback,
    )
    return partial(
        ProviderManager,
        parts.hot,
        parts.durable,
        parts.calendars,
        limits_in_force(settings),
        outlets(parts.pace, at),
        to=neighbours,
        carrying=Carrying(tuple(providers), capacity, rules),
        look_interval_s=parts.pace.look_s,
    )


def feeds(parts: Parts, at: Places) -> list[ChildSpec]:
    """One a provider, the preferred one first."""
    listeners = Listeners(at.publisher, at.heartbeat, at.resolver, at.sentinel)
    return [
        ChildSpec(
            name,
            partial(
                FeedActor,
                provider.feed,
                provider.history,
                parts.calendars,
                manager=at.provider_manager,
                listeners=listeners,
                jitter=parts.jitter,
                credentials=at.credentials,
                recorder=at.recorder if parts.settings.record_frames else None,
                look_interval_s=parts.pace.look_s,
            ),
        )
        for name, provider in parts.providers.items()
    ]


def credentials(system: ActorSystem, parts: Parts, at: Places) -> Start:
    """Before the feeds: what was entered before is in force when they begin."""
    settings = parts.settings
    keyrings = {name: provider.keyring for name, provider in parts.providers.items() if provider.keyring is not None}
    folder = settings.credentials_dir
    return partial(
        Credentials,
        Vault(parts.durable, sealing_keys(settings)),
        keyrings,
        {name: system.ref(f"/engine/feeds/{name}") for name in keyrings},
        publisher=at.publisher,
        logins={"dhan": partial(token_for, auth_url=settings.dhan_auth_url)},
        jitter=parts.jitter,
        folder=None if folder is None else DropFolder(folder),
    )


def auditor(parts: Parts) -> Start:
    tally = Tally(parts.durable, parts.calendars)
    providers, saved_after_ns = tuple(parts.providers), parts.settings.saved_after_ns
    return partial(Auditor, parts.durable, tally, parts.calendars, providers, saved_after_ns=saved_after_ns)


def last_prices(system: ActorSystem, parts: Parts, healing: Healing) -> Start:
    sources = partial(
        PriceSources,
        healing.histories,
        healing.routes,
        parts.durable,
        now_ns=system.clock.now_ns,
        jitter=parts.jitter,
    )
    return lambda: LastPrices(parts.hot, sources())


def operator(parts: Parts, at: Places) -> Start:
    wishes = engine_wishes(
        watches=at.watches,
        jobs=at.jobs,
        charts=at.charts,
        quarantine=at.quarantine,
        last_prices=at.last_prices,
        manager=at.provider_manager,
        credentials=at.credentials,
    )
    recorders = (at.recorder,) if parts.settings.record_frames else ()
    counters = (
        at.resolver,
        at.candle_writer,
        at.quarantine,
        at.publisher,
        at.persister,
        at.sentinel,
        at.surveyor,
        at.last_prices,
    )
    reading = (at.masters,) if reads_lists(parts.settings) else ()
    counting = (*recorders, at.heartbeat, *counters, at.fallback, at.comparer, at.auditor, at.credentials, *reading)
    return partial(Operator, "engine", parts.hot, wishes=wishes, counting=counting, interval_s=parts.pace.tree_s)
