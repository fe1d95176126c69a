"""What web processes and operators may ask of an engine beyond its tree: watching, charts, prices in doubt, and reading history again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from actors.messages import Backfill, ChartWanted, Decide, WatchList
from actors.operator import Wish
from engine.market import TIMEFRAMES
from engine.market.quarantine import Fate
from engine.runtime import ActorRef

TIMEOUT_S = 5.0
NS_PER_S = 1_000_000_000


def engine_wishes(*, watches: ActorRef, resolver: ActorRef, charts: ActorRef, quarantine: ActorRef) -> dict[str, Wish]:
    """The engine's own commands by name."""

    async def watch(arguments: Mapping[str, Any]) -> Any:
        """``process`` and all ``symbols`` its clients look at; answers which are ``unmapped``."""
        wish = WatchList(str(arguments.get("process", "web")), tuple(arguments["symbols"]))
        return await watches.ask(wish, timeout_s=TIMEOUT_S)

    async def backfill(arguments: Mapping[str, Any]) -> Any:
        """``symbols`` (none: all), ``start`` and ``end`` as ISO times; answers how many gaps are open now."""
        start, end = (int(datetime.fromisoformat(arguments[name]).timestamp()) * NS_PER_S for name in ("start", "end"))
        return await resolver.ask(Backfill(tuple(arguments.get("symbols", ())), start, end), timeout_s=TIMEOUT_S)

    async def chart(arguments: Mapping[str, Any]) -> Any:
        """``symbol`` and ``timeframe``; answers whether the year chart is ``built``, or why it ``failed``."""
        wish = ChartWanted(str(arguments["symbol"]), str(arguments["timeframe"]))
        if wish.timeframe not in TIMEFRAMES:
            raise ValueError(f"timeframe is one of {', '.join(TIMEFRAMES)}")
        return await charts.ask(wish, timeout_s=TIMEOUT_S)

    async def decide(arguments: Mapping[str, Any]) -> Any:
        """``entry`` (its number), ``status`` (released or discarded) and ``by``; answers the entry, or ``error`` and ``code``."""
        wish = Decide(int(arguments["entry"]), Fate(arguments["status"]), str(arguments["by"]))
        return await quarantine.ask(wish, timeout_s=TIMEOUT_S)

    return {"watch": watch, "backfill": backfill, "chart": chart, "decide": decide}
