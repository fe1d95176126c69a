"""Asking for option chains: the engine runs those that somebody wants, and of all who ask only the first makes it work."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from engine.market.chain_place import ChainPlace
from engine.market.chain_snapshot import ChainSnapshot
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore
from web.joined import Joined
from web.wanted import Limit, Wanted

ENGINE: Final = "engine"
REPLY_S: Final = 2.0
GATHER_S: Final = 4.0
"""A chain that begins is asked of a provider, and told within a second or two."""
LOOK_S: Final = 0.2
FRESH_S: Final = 10.0
"""The engine hears so often that a chain is still wanted; it keeps it going for three times as long."""
WANTED_S: Final = 30.0
MOST_WANTED: Final = 50
"""Of one web process; who wants another one waits until some of them are not asked for any more."""
SHARE: Final = 16
"""Of somebody's in it, as on sockets; a chain is on the account of who asked for it last."""
OLD_MS: Final = 15_000
AWAY: Final = "no engine runs: the chain is as old as it says"
SILENT: Final = "the engine does not answer: the chain is as old as it says"
LATE: Final = "the engine is still gathering the chain"
MANY: Final = "too many other chains are asked for at once: try again in half a minute, or follow this one on /ws"

SHARED: Final = f"you ask for more than {SHARE} chains at once: try again in half a minute"


class CurrentChain(msgspec.Struct, frozen=True):
    """The newest snapshot there is, and why nobody keeps it fresh; empty when somebody does."""

    snapshot: ChainSnapshot | None
    trouble: str


class ChainWishes:
    """Wishes for chains by those who ask once; who follows them on a socket is heard elsewhere."""

    def __init__(self, hot: HotStore, process: str, now_ms: Callable[[], int]) -> None:
        self._hot = hot
        self._process = f"{process}-rest"
        self._now_ms = now_ms
        self._wanted = Wanted[ChainPlace](WANTED_S)
        self._asked = Joined[str](FRESH_S)

    async def current(self, place: ChainPlace, *, is_open: bool, holder: str) -> CurrentChain:
        """The chain as it is now. ``is_open``: the exchange trades, so what is old is worth a wait of some seconds.

        ``holder`` is on whose account it is: somebody's share of all chains is limited, unless that is empty.
        """
        no_room = self._wanted.take(place, holder, share=Limit(SHARE, SHARED), room=Limit(MOST_WANTED, MANY))
        trouble = no_room or await self._asked.of(place, partial(self._ask, place, is_open))
        return CurrentChain(await self._hot.chain(*place), trouble)

    async def _ask(self, place: ChainPlace, is_open: bool) -> str:
        try:
            if ENGINE not in await self._hot.trees():
                return AWAY
            return await self._told(place) or await self._gathered(place, is_open)
        except StorageUnavailableError:  # if it is Redis that is away, nobody can read the chain either, and is told so
            return SILENT

    async def _told(self, place: ChainPlace) -> str:
        """Tells the engine all that is wanted; why it can not run this one."""
        command = {"command": "chains", "process": self._process, "chains": list(map(str, self._wanted))}
        reply = await self._hot.send_command(ENGINE, command, REPLY_S)
        if not reply.get("ok"):
            return str(reply.get("error"))
        return str(reply["result"].get("refused", {}).get(str(place), ""))

    async def _gathered(self, place: ChainPlace, is_open: bool) -> str:
        """Returns when the chain is fresh, or as fresh as it gets."""
        try:
            async with asyncio.timeout(GATHER_S):
                while True:
                    if self._is_fresh(await self._hot.chain(*place), is_open):
                        return ""
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            return LATE

    def _is_fresh(self, snapshot: ChainSnapshot | None, is_open: bool) -> bool:
        return snapshot is not None and (not is_open or self._now_ms() - snapshot.as_of <= OLD_MS)
