"""What web processes and operators may ask of an engine beyond its tree: watching, charts, prices, and jobs."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from actors.actions_work import KIND as CORPORATE_ACTIONS
from actors.messages import (
    AlertsChanged,
    ChainsFollowed,
    ChainWanted,
    ChangeJob,
    ChartWanted,
    CredentialsChanged,
    CredentialsWanted,
    Decide,
    DepthsFollowed,
    DepthWanted,
    MappingsChanged,
    Message,
    PricesWanted,
    StartJob,
    WatchList,
)
from actors.operator import Wish
from actors.screen_work import SCREEN
from engine.market import TIMEFRAMES
from engine.market.quarantine import Fate
from engine.runtime import ActorRef

TIMEOUT_S = 5.0
CREDENTIALS_S = 20.0
"""One may be made of a one-time code meanwhile."""
PRICES_S = 5.0
"""Who asks waits less long; two providers that hang have been given up by then."""


def engine_wishes(
    *,
    watches: ActorRef,
    jobs: ActorRef,
    charts: ActorRef,
    quarantine: ActorRef,
    last_prices: ActorRef,
    manager: ActorRef,
    credentials: ActorRef,
    chains: ActorRef,
    depths: ActorRef,
    alerts: ActorRef,
) -> dict[str, Wish]:
    """The engine's own commands by name; each raises ValueError, KeyError or TypeError for what nobody can mean."""
    return {
        "watch": _watch(watches),
        **_chains(chains),
        **_depths(depths),
        **{kind: _stretch(jobs, kind) for kind in ("backfill", "scan")},
        "populate": _beginning(jobs, "populate", "what", "provider", "file", "exchanges", "underlyings", "symbols"),
        "end_of_day": _beginning(jobs, "end_of_day", "exchange", "date"),
        CORPORATE_ACTIONS: _beginning(jobs, CORPORATE_ACTIONS, "instruments"),
        SCREEN: _beginning(jobs, SCREEN, "screener", "definition", "instruments", "owner"),
        "job": _job(jobs),
        "chart": _chart(charts),
        "decide": _decide(quarantine),
        "last_prices": _last_prices(last_prices),
        "take_up": _telling(manager, MappingsChanged()),
        "alerts_changed": _telling(alerts, AlertsChanged()),
        "credentials": _credentials(credentials, CredentialsWanted()),
        "credentials_changed": _credentials(credentials, CredentialsChanged()),
    }


def _watch(watches: ActorRef) -> Wish:
    async def watch(arguments: Mapping[str, Any]) -> Any:
        """``process`` and all ``symbols`` its clients look at; answers which are ``unmapped``."""
        wish = WatchList(str(arguments.get("process", "web")), tuple(map(str, arguments["symbols"])))
        return await watches.ask(wish, timeout_s=TIMEOUT_S)

    return watch


def _stretch(jobs: ActorRef, kind: str) -> Wish:
    """``symbols`` (none: all), ``start`` and ``end`` as ISO times; answers the job that does it."""

    async def begin(arguments: Mapping[str, Any]) -> Any:
        wanted = {"instruments": arguments.get("symbols"), **{end: arguments.get(end) for end in ("start", "end")}}
        return await jobs.ask(StartJob(kind, wanted), timeout_s=TIMEOUT_S)

    return begin


def _job(jobs: ActorRef) -> Wish:
    async def job(arguments: Mapping[str, Any]) -> Any:
        """``job``, its id, and ``action``; answers the job as it stands then."""
        return await jobs.ask(ChangeJob(str(arguments["job"]), str(arguments["action"])), timeout_s=TIMEOUT_S)

    return job


def _chart(charts: ActorRef) -> Wish:
    async def chart(arguments: Mapping[str, Any]) -> Any:
        """``symbol`` and ``timeframe``; answers whether the year chart is ``built``, or why it ``failed``."""
        wish = ChartWanted(str(arguments["symbol"]), str(arguments["timeframe"]))
        if wish.timeframe not in TIMEFRAMES:
            raise ValueError(f"timeframe is one of {', '.join(TIMEFRAMES)}")
        return await charts.ask(wish, timeout_s=TIMEOUT_S)

    return chart


def _decide(quarantine: ActorRef) -> Wish:
    async def decide(arguments: Mapping[str, Any]) -> Any:
        """``entry`` (its number), ``status`` (released or discarded) and ``by``; answers the entry, or ``error`` and ``code``."""
        wish = Decide(int(str(arguments["entry"])), Fate(arguments["status"]), str(arguments["by"]))
        return await quarantine.ask(wish, timeout_s=TIMEOUT_S)

    return decide


def _last_prices(last_prices: ActorRef) -> Wish:
    async def prices(arguments: Mapping[str, Any]) -> Any:
        """``symbols``; answers ``prices``, each with when it was asked for (ms), and why others ``failure``."""
        wish = PricesWanted(tuple(map(str, arguments["symbols"])))
        asked = await last_prices.ask(wish, timeout_s=TIMEOUT_S)
        return await asked.answer(wish.instruments, PRICES_S)

    return prices


def _chains(chains: ActorRef) -> dict[str, Wish]:
    async def followed(arguments: Mapping[str, Any]) -> Any:
        """``process`` and all ``chains`` its clients follow; answers which are ``refused``, each with why."""
        wish = ChainsFollowed(str(arguments.get("process", "web")), tuple(map(str, arguments["chains"])))
        return await chains.ask(wish, timeout_s=TIMEOUT_S)

    async def wanted(arguments: Mapping[str, Any]) -> Any:
        """``symbol`` and its ``expiry`` (none: the next one); answers the ``expiry`` of the chain, or why it ``failed``."""
        expiry = arguments.get("expiry")
        wish = ChainWanted(str(arguments["symbol"]), date.fromisoformat(str(expiry)) if expiry else None)
        return await chains.ask(wish, timeout_s=TIMEOUT_S)

    return {"chains": followed, "chain": wanted}


def _depths(depths: ActorRef) -> dict[str, Wish]:
    async def followed(arguments: Mapping[str, Any]) -> Any:
        """All ``symbols`` whose books a web process' clients follow; answers which are ``refused``, each with why."""
        return await depths.ask(DepthsFollowed(tuple(map(str, arguments["symbols"]))), timeout_s=TIMEOUT_S)

    async def wanted(arguments: Mapping[str, Any]) -> Any:
        """``symbol``, whose book is brought for a minute; answers why it ``failed``, if it did, and whether it is ``refused``."""
        return await depths.ask(DepthWanted(str(arguments["symbol"])), timeout_s=TIMEOUT_S)

    return {"depths": followed, "depth": wanted}


def _beginning(jobs: ActorRef, kind: str, *names: str) -> Wish:
    async def begin(arguments: Mapping[str, Any]) -> Any:
        """What of these arguments is given; answers the job that does it."""
        wanted = {name: arguments[name] for name in names if name in arguments}
        return await jobs.ask(StartJob(kind, wanted), timeout_s=TIMEOUT_S)

    return begin


def _credentials(credentials: ActorRef, message: Message) -> Wish:
    async def read(_: Mapping[str, Any]) -> Any:
        """Answers what is in force, by provider, without secrets."""
        return await credentials.ask(message, timeout_s=CREDENTIALS_S)

    return read


def _telling(actor: ActorRef, message: Message) -> Wish:
    async def tell(_: Mapping[str, Any]) -> None:
        """Somebody changed a table that an actor goes by: it follows within seconds."""
        actor.tell(message)

    return tell
