"""What the engine's tree is built of, and where its first floor is."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import anyio

from actors.pace import Pace
from config.settings import Settings
from engine.market import Calendars
from engine.providers.provider import Provider
from engine.runtime import Actor, ActorSystem
from engine.screening.configured import Screener
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore

NS_PER_S = 1_000_000_000
Start = Callable[[], Actor]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the tree is built of."""

    settings: Settings
    engine_id: str
    hot: HotStore
    durable: DurableStore
    providers: Mapping[str, Provider]
    calendars: Calendars
    screeners: Mapping[str, Screener] = field(default_factory=dict[str, Screener])
    """Those that are configured."""
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
        self.orders = system.ref("/engine/orders")
        self.alerts = system.ref("/engine/alerts")
        self.webhooks = system.ref("/engine/webhooks")
        self.surveyor = system.ref("/engine/surveyor")
        self.fallback = system.ref("/engine/fallback")
        self.end_of_day = system.ref("/engine/end_of_day")
        self.masters = system.ref("/engine/masters")
        self.comparer = system.ref("/engine/comparer")
        self.tick_keeper = system.ref("/engine/tick_keeper")
        self.option_chains = system.ref("/engine/option_chains")
        self.chains = system.ref("/engine/chains")
        self.chain_poller = system.ref("/engine/chain_poller")
        self.chain_publisher = system.ref("/engine/chain_publisher")
        self.chain_keeper = system.ref("/engine/chain_keeper")
        self.depths = system.ref("/engine/depths")
        self.depth_publisher = system.ref("/engine/depth_publisher")
