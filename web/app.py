"""The web process's one page: its stores and its whole tree, in start order."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
import uvloop

from actors.operator import Operator, Wish
from config.settings import Settings
from engine.credentials import Vault, sealing_keys
from engine.runtime import GENTLE, ActorSystem, ChildSpec, Supervisor, settle
from engine.screening.configured import configured_screeners
from engine.storage.durable import DurableStore
from engine.storage.history import CandleReader
from engine.storage.hot import HotStore
from engine.webhooks import WebhookSecrets
from web.access import Access
from web.accounts.accounts import Accounts
from web.accounts.attempts import Attempts
from web.accounts.ended import EndedSessions
from web.accounts.follower import Follower
from web.accounts.google import configured_google
from web.accounts.keys import KeyRing
from web.accounts.limits import RequestLimits
from web.accounts.passwords import Passwords
from web.accounts.tokens import ACCESS_S, AccessTokens, digest
from web.chains import ChainWishes
from web.charts import ChartWishes
from web.depths import DepthWishes
from web.directory import Directory
from web.hub import Hub
from web.joined import Joined
from web.last_prices import LastPriceWishes
from web.screen import BUILT, screen_in
from web.server import WebServer
from web.services import Services
from web.sockets.admission import Admission, Room
from web.sockets.histories import Histories
from web.sockets.screeners import Screeners
from web.sockets.session import SessionRules
from web.sockets.sessions import Sessions, SessionSupervisor
from web.streams import PriceStreams, streams_tree
from web.subscriber import Subscriber

log = structlog.get_logger("ticktree.web")

ENDED_S = ACCESS_S + 60.0
"""How long an ended session is remembered: longer than the clocks of our machines let a token of it live."""
CHART_GAPS_S = 10.0
REPORTS_AT_ONCE = 2
REPORTS_S = 1.0
DAY_NS = 86_400_000_000_000


def web_tree(settings: Settings, services: Services, listen_fd: int | None) -> Supervisor:
    """The web process, top down; stopped in reverse: first nobody comes in any more, and all are told goodbye."""
    hub, hot, process = services.hub, services.hot, services.process
    counters, wishes = partial(_counters, hub), _wishes(services.sessions)
    streams = partial(
        streams_tree,
        hot,
        services.durable,
        services.directory,
        services.last_prices,
        process=process,
        running=services.system.ref("/web/streams/running"),
    )
    return Supervisor(
        [
            ChildSpec("subscriber", partial(Subscriber, hot, services.durable, hub, process)),
            ChildSpec("sessions", SessionSupervisor),
            ChildSpec("accounts", partial(Follower, hot, services.durable, services.accounts.ended)),
            ChildSpec("streams", streams),
            ChildSpec("server", partial(WebServer, settings, services, listen_fd), shutdown_s=10.0),
            ChildSpec("operator", partial(Operator, process, hot, wishes=wishes, counters=counters), backoff=GENTLE),
        ],
        intensity=10,
    )


def run_web(
    settings: Settings, listen_fd: int | None, ready: Callable[[], None], *, process: str | None = None
) -> None:
    """Serves until SIGTERM or SIGINT. Any number of such processes may share the listening socket.

    ``process`` is this process's name in the operator's view; one that no other has is made when it is not given.
    """
    name = process or f"web-{socket.gethostname()}-{os.getpid()}"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, listen_fd, ready, name))


async def _serve(settings: Settings, listen_fd: int | None, ready: Callable[[], None], process: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stores:
        hot = await HotStore.connect(settings.hot_url, retention_days=settings.hot_retention_days)
        stores.push_async_callback(hot.close)
        durable = await DurableStore.connect(settings.durable_url)
        stores.push_async_callback(durable.close)
        async with ActorSystem("web") as system:
            services = make_services(settings, system, hot, durable, process)
            stores.callback(services.accounts.close)
            root = partial(web_tree, settings, services, listen_fd)
            await system.start(ChildSpec("web", root))
            settle()
            ready()
            log.info("web_ready", process=process)
            await _until(stop, system)
    log.info("web_stopped", process=process)


def make_services(
    settings: Settings, system: ActorSystem, hot: HotStore, durable: DurableStore, process: str, *, pages: Path = BUILT
) -> Services:
    """What the routes and the tree share; ``pages`` is the folder of the built ones."""
    directory = Directory()
    hub = Hub(directory.calendar, "simulated" if settings.simulated else "live")
    access, accounts = _doors(settings, system, hot, durable)
    reach_ns = (settings.hot_retention_days + 1) * DAY_NS

    def reader() -> CandleReader:
        hot_from_ns = system.clock.now_ns() - reach_ns
        listing = directory.listing
        return CandleReader(hot, durable, listing.calendars, hot_from_ns=hot_from_ns, legs=listing.legs)

    histories = Histories(reader, directory.calendar, system.clock.now_ns)
    room = Room(settings.sockets, settings.sockets_per_account, settings.sockets_per_address)
    admission = Admission(hot, access, room)
    screeners = configured_screeners(settings.screeners_file)
    own = Screeners(screeners, durable.screeners)
    rules = SessionRules(hub, directory, admission, system.ref("/web/subscriber"), histories, own)
    sessions = Sessions(system.ref("/web/sessions"), rules)
    accounts.ended.on_end(admission.part_with)
    return Services(
        process=process,
        system=system,
        hot=hot,
        durable=durable,
        vault=Vault(durable, sealing_keys(settings)),
        webhook_secrets=WebhookSecrets(sealing_keys(settings)),
        webhooks_to_private=settings.webhooks_to_private,
        directory=directory,
        hub=hub,
        access=access,
        admission=admission,
        accounts=accounts,
        attempts=Attempts(hot, time.time),
        google=configured_google(settings, lambda: system.clock.now_ns() / 1e9),
        sessions=sessions,
        allowed_origins=frozenset(settings.allowed_origins) | _own_origin(settings),
        allow_registration=settings.allow_registration,
        limits=RequestLimits(),
        https_only=urlsplit(settings.public_url or "").scheme == "https",
        trusted_proxies=settings.trusted_proxies,
        chains=ChainWishes(hot, process, lambda: system.clock.now_ns() // 1_000_000),
        depths=DepthWishes(hot),
        charts=ChartWishes(hot),
        last_prices=LastPriceWishes(hot, jitter=system.jitter),
        screeners=screeners,
        streams=PriceStreams(hot, system.ref("/web/streams/keeper"), lambda: system.clock.now_ns() // 1_000_000),
        chart_gaps=Joined(CHART_GAPS_S),
        reports=Joined(REPORTS_S),
        days_told=Joined(REPORTS_S),
        report_room=asyncio.Semaphore(REPORTS_AT_ONCE),
        hot_reach_ns=reach_ns,
        saved_after_ns=settings.saved_after_ns,
        screen=screen_in(pages),
    )


def _doors(settings: Settings, system: ActorSystem, hot: HotStore, durable: DurableStore) -> tuple[Access, Accounts]:
    """Who is recognized, and who makes them recognizable."""
    key, token, now_ns = settings.signing_key, settings.admin_token, system.clock.now_ns
    ended, tokens = EndedSessions(ENDED_S), AccessTokens(key)
    keys = KeyRing(durable, lambda: now_ns() / 1e9)
    ended.on_end(keys.forget)
    access = Access(
        tokens,
        keys,
        ended,
        public_feed=settings.public_feed,
        now_s=lambda: now_ns() / 1e9,
        admin_hash=digest(token.get_secret_value()) if token else None,
    )
    return access, Accounts(durable, hot, tokens, Passwords(), ended, key=key, now_ns=now_ns)


def _own_origin(settings: Settings) -> frozenset[str]:
    """Behind a proxy that changes the Host, only the setting tells which pages are ours."""
    if settings.public_url is None:
        return frozenset()
    parts = urlsplit(settings.public_url)
    return frozenset({f"{parts.scheme}://{parts.netloc}"})


async def _until(stop: asyncio.Event, system: ActorSystem) -> None:
    """Returns when we are asked to stop; raises when the tree has given up."""
    told, ended = asyncio.ensure_future(stop.wait()), asyncio.ensure_future(system.join())
    await asyncio.wait((told, ended), return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if ended.done():
        ended.result()
    ended.cancel()


def _wishes(sessions: Sessions) -> dict[str, Wish]:
    async def clients(_: Mapping[str, Any]) -> Any:
        return sessions.evidence()

    return {"clients": clients}


def _counters(hub: Hub) -> dict[str, int]:
    """What the process's published tree says of its clients."""
    told = hub.statistics()
    return {
        "clients": told.clients,
        "topics": told.topics,
        "delivered": told.delivered,
        "conflated": told.conflated,
        "dropped": told.dropped,
        "superseded": told.superseded,
    }
