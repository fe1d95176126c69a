"""The engine's one page: its whole tree, in start order."""

from functools import partial

from actors.broadcaster import Broadcaster
from actors.operator import Operator
from actors.watches import Watches
from actors.wishes import engine_wishes
from engine.parts.after_hours import end_of_day, screens
from engine.parts.alerts import alerts, orders, webhooks
from engine.parts.base import Parts, Places, Start
from engine.parts.chains import option_chains
from engine.parts.depths import depth_lines, depths
from engine.parts.feeds import (
    credentials,
    feeds,
    masters,
    order_updates,
    provider_manager,
    reads_lists,
    sentinel,
    surveyor,
)
from engine.parts.healing import (
    Healing,
    auditor,
    comparer,
    fallback,
    historian,
    last_prices,
    quarantine,
    resolver,
)
from engine.parts.jobs import jobs
from engine.parts.keeping import candle_writer, charts, heartbeat, persister, publisher, tick_keeper
from engine.parts.recording import recorded, recorder
from engine.runtime import GENTLE, ActorSystem, ChildSpec, DynamicSupervisor, Supervisor

INSTRUMENT_CRASHES = 100
"""In a minute: some instruments that crash again and again must not take thousands along."""


def engine_tree(system: ActorSystem, parts: Parts) -> Supervisor:
    """The engine, top down. Stopped in reverse, mailboxes emptied on the way: the feeds first, the savers last.

    A crash concerns only the actor that crashed: the others keep its address, and what it lost is healed.
    """
    at = Places(system)
    unrecorded, parts = parts, recorded(system, parts, at)
    healing = Healing(system, parts, at)
    return Supervisor(
        [
            *recorder(system, parts),
            ChildSpec("heartbeat", heartbeat(parts, at), backoff=GENTLE),
            ChildSpec("persister", persister(parts, at), shutdown_s=30, backoff=GENTLE),
            ChildSpec("tick_keeper", tick_keeper(parts, at), shutdown_s=30, backoff=GENTLE),
            ChildSpec("broadcaster", Broadcaster),
            ChildSpec("publisher", publisher(parts, at), backoff=GENTLE),
            ChildSpec("orders", orders(parts, at), backoff=GENTLE),
            ChildSpec("charts", charts(parts, at), backoff=GENTLE),
            ChildSpec("candle_writer", candle_writer(parts, at), backoff=GENTLE),
            ChildSpec("quarantine", quarantine(parts, at, healing), backoff=GENTLE),
            ChildSpec("instruments", partial(DynamicSupervisor, intensity=INSTRUMENT_CRASHES)),
            ChildSpec("resolver", resolver(parts, at, healing), backoff=GENTLE),
            ChildSpec("jobs", jobs(system, parts, at, healing), backoff=GENTLE),
            ChildSpec("surveyor", surveyor(system, parts, at), backoff=GENTLE),
            ChildSpec("sentinel", sentinel(system, parts, at), backoff=GENTLE),
            ChildSpec("credentials", credentials(system, parts, at), backoff=GENTLE),
            ChildSpec("provider_manager", provider_manager(system, parts, at), backoff=GENTLE),
            ChildSpec("feeds", partial(Supervisor, feeds(parts, at), intensity=10)),
            *order_updates(parts, at),
            ChildSpec("fallback", fallback(parts, at, healing), backoff=GENTLE),
            ChildSpec("comparer", comparer(parts, at, healing), backoff=GENTLE),
            ChildSpec("historian", historian(parts, at, healing), backoff=GENTLE),
            *option_chains(system, unrecorded, at, healing),
            *depths(system, parts, at, healing),
            *masters(parts, at),
            *end_of_day(parts, at, healing),
            *screens(parts, at),
            ChildSpec("webhooks", webhooks(parts), backoff=GENTLE),
            ChildSpec("alerts", alerts(parts, at), backoff=GENTLE),
            ChildSpec("auditor", auditor(parts), backoff=GENTLE),
            ChildSpec("watches", partial(Watches, at.instruments.path, fallback=at.fallback)),
            ChildSpec("last_prices", last_prices(system, parts, healing), backoff=GENTLE),
            ChildSpec("operator", operator(system, parts, at), backoff=GENTLE),
        ],
        intensity=10,
    )


def operator(system: ActorSystem, parts: Parts, at: Places) -> Start:
    wishes = engine_wishes(
        watches=at.watches,
        jobs=at.jobs,
        charts=at.charts,
        quarantine=at.quarantine,
        last_prices=at.last_prices,
        manager=at.provider_manager,
        credentials=at.credentials,
        chains=at.chains,
        depths=at.depths,
        alerts=at.alerts,
    )
    recorders = (at.recorder,) if parts.settings.record_frames else ()
    counters = (
        at.resolver,
        at.candle_writer,
        at.quarantine,
        at.publisher,
        at.persister,
        at.tick_keeper,
        at.sentinel,
        at.surveyor,
        at.last_prices,
        at.chains,
        at.chain_poller,
        at.chain_publisher,
        at.chain_keeper,
        at.depths,
        *depth_lines(system, parts).values(),
        at.depth_publisher,
        at.alerts,
        at.webhooks,
        at.orders,
    )
    reading = (at.masters,) if reads_lists(parts.settings) else ()
    after_hours = (at.end_of_day,) if parts.settings.end_of_day_after is not None else ()
    counting = (
        *recorders,
        at.heartbeat,
        *counters,
        at.fallback,
        at.comparer,
        at.auditor,
        at.credentials,
        *reading,
        *after_hours,
    )
    return partial(Operator, "engine", parts.hot, wishes=wishes, counting=counting, interval_s=parts.pace.tree_s)
