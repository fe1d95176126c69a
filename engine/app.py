"""The engine's one page: its whole tree, in start order."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import anyio

from actors.broadcaster import Broadcaster
from actors.candle_writer import CandleWriter
from actors.feed import FeedActor
from actors.heartbeat import Heartbeat
from actors.instrument import Outlets
from actors.operator import Operator
from actors.persister import Persister
from actors.provider_manager import ProviderManager
from actors.publisher import Publisher
from actors.resolver import Resolver
from actors.watches import Watches
from actors.wishes import engine_wishes
from config.settings import Settings
from engine.market import Calendars
from engine.providers.catalog import Provider
from engine.runtime import GENTLE, ActorSystem, ChildSpec, DynamicSupervisor, Supervisor
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore

NS_PER_S = 1_000_000_000
SCAN_GRACE_S = 120
"""Added to the save interval: younger minutes are left to the writers, so that nobody races them."""

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


def engine_tree(system: ActorSystem, parts: Parts) -> Supervisor:
    """The engine, top down. Stopped in reverse, mailboxes emptied on the way: the feeds first, the savers last.

    Refs name places, so children know each other whatever the order; a crash concerns only the one that crashed.
    """
    settings, hot, durable, calendars = parts.settings, parts.hot, parts.durable, parts.calendars
    persister = system.ref("/engine/persister")
    publisher = system.ref("/engine/publisher")
    broadcaster = system.ref("/engine/broadcaster")
    writer = system.ref("/engine/candle_writer")
    instruments = system.ref("/engine/instruments")
    resolver = system.ref("/engine/resolver")
    heartbeat = system.ref("/engine/heartbeat")
    manager = system.ref("/engine/provider_manager")
    watches = system.ref("/engine/watches")
    feeds = {name: system.ref(f"/engine/feeds/{name}") for name in parts.providers}
    outlets = Outlets(writer=writer, broadcaster=broadcaster, resolver=resolver)

    feed_specs = [
        ChildSpec(
            name,
            partial(
                FeedActor,
                provider.feed,
                manager=manager,
                resolver=resolver,
                heartbeat=heartbeat,
                watchers=(publisher, heartbeat),
                is_open=calendars.any_open,
                jitter=random.random,
            ),
        )
        for name, provider in parts.providers.items()
    ]
    return Supervisor(
        [
            ChildSpec("heartbeat", partial(Heartbeat, hot, parts.engine_id, lost=parts.lease_lost.set), backoff=GENTLE),
            ChildSpec(
                "persister",
                partial(
                    Persister,
                    hot,
                    durable,
                    calendars,
                    writer=writer,
                    interval_minutes=settings.save_interval_minutes,
                ),
                shutdown_s=30,
                backoff=GENTLE,
            ),
            ChildSpec("broadcaster", Broadcaster),
            ChildSpec("publisher", partial(Publisher, hot, broadcaster=broadcaster), backoff=GENTLE),
            ChildSpec(
                "candle_writer",
                partial(CandleWriter, hot, persister=persister, publisher=publisher, resolver=resolver),
                backoff=GENTLE,
            ),
            ChildSpec("instruments", partial(DynamicSupervisor, intensity=INSTRUMENT_CRASHES)),
            ChildSpec(
                "resolver",
                partial(
                    Resolver,
                    hot,
                    {name: provider.history for name, provider in parts.providers.items()},
                    calendars,
                    writer=writer,
                    manager=manager,
                    settle_after_ns=(settings.save_interval_minutes * 60 + SCAN_GRACE_S) * NS_PER_S,
                    retention_ns=settings.hot_retention_days * 86_400 * NS_PER_S,
                    jitter=random.random,
                ),
                backoff=GENTLE,
            ),
            ChildSpec(
                "provider_manager",
                partial(
                    ProviderManager,
                    hot,
                    durable,
                    calendars,
                    outlets,
                    instruments=instruments,
                    feeds=feeds,
                    resolver=resolver,
                ),
                backoff=GENTLE,
            ),
            ChildSpec("feeds", partial(Supervisor, feed_specs, intensity=10)),
            ChildSpec("watches", partial(Watches, instruments.path)),
            ChildSpec(
                "operator",
                partial(
                    Operator,
                    "engine",
                    hot,
                    wishes=engine_wishes(watches=watches, resolver=resolver),
                    counting=(heartbeat, resolver, writer, publisher, persister),
                ),
                backoff=GENTLE,
            ),
        ],
        intensity=10,
    )
