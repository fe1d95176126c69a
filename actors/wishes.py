"""What web processes and operators may ask of an engine beyond its tree: watching, and reading history again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from actors.messages import Backfill, WatchList
from actors.operator import Wish
from engine.runtime import ActorRef

TIMEOUT_S = 5.0
NS_PER_S = 1_000_000_000


def engine_wishes(*, watches: ActorRef, resolver: ActorRef) -> dict[str, Wish]:
    """The engine's own commands by name."""

    async def watch(arguments: Mapping[str, Any]) -> Any:
        """``process`` and all ``symbols`` its clients look at; answers which are ``unmapped``."""
        wish = WatchList(str(arguments.get("process", "web")), tuple(arguments["symbols"]))
        return await watches.ask(wish, timeout_s=TIMEOUT_S)

    async def backfill(arguments: Mapping[str, Any]) -> Any:
        """``symbols`` (none: all), ``start`` and ``end`` as ISO times; answers how many gaps are open now."""
        start, end = (int(datetime.fromisoformat(arguments[name]).timestamp()) * NS_PER_S for name in ("start", "end"))
        return await resolver.ask(Backfill(tuple(arguments.get("symbols", ())), start, end), timeout_s=TIMEOUT_S)

    return {"watch": watch, "backfill": backfill}
