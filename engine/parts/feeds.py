"""What brings prices in, and looks after who brings them."""

from functools import partial

from actors.carrying import Carrying
from actors.credentials import Credentials
from actors.feed import FeedActor
from actors.instrument import Outlets
from actors.line_voice import Listeners
from actors.masters import Masters
from actors.order_updates import OrderUpdates
from actors.pace import Pace
from actors.provider_manager import Neighbours, ProviderManager
from actors.sentinel import Sentinel
from actors.surveyor import Surveyor
from config.settings import Settings
from engine.credentials import DropFolder, Vault, sealing_keys
from engine.limits import limits_in_force
from engine.market.failover import FailoverRules
from engine.parts.base import Parts, Places, Start
from engine.providers.dhan.login import token_for
from engine.runtime import GENTLE, ActorRef, ActorSystem, ChildSpec
from engine.seeding import FORMATS, RULES


def outlets(pace: Pace, at: Places) -> Outlets:
    return Outlets(at.candle_writer, at.broadcaster, at.resolver, at.quarantine, pace.report_s, pace.watched_s)


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
            partial(
                OrderUpdates, one.notices, one.keyring, orders=at.orders, publisher=at.publisher, jitter=parts.jitter
            ),
            backoff=GENTLE,
        )
        for name, one in parts.providers.items()
        if one.notices is not None and one.keyring is not None
    ]


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
        chains=at.chain_poller,
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
    listeners = Listeners(at.publisher, at.heartbeat, at.resolver, at.sentinel, at.orders)
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
