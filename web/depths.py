"""Asking for depth: the engine subscribes the books that somebody wants, and is asked by the first of all who ask at once."""

import asyncio
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from engine.market.depth import Depth
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore
from web.joined import Joined
from web.wanted import Limit, Wanted

ENGINE: Final = "engine"
REPLY_S: Final = 2.0
WAIT_S: Final = 3.0
"""A book that begins is asked of a provider, and told at once."""
LOOK_S: Final = 0.1
FRESH_S: Final = 10.0
"""The engine hears so often that a book is still wanted."""
WANTED_S: Final = 60.0
"""So long it keeps one that somebody asked for."""
MOST_WANTED: Final = 100
"""Of one web process; providers show some 250, and who follows books on sockets is to have some, too."""
SHARE: Final = 16
"""Of somebody's in it; a book is on the account of who asked for it last."""
AWAY: Final = "no engine runs: there is no newer depth"
SILENT: Final = "the engine does not answer: there is no newer depth"
LATE: Final = "nothing has been heard of its depth yet"
MANY: Final = "too many other depths are asked for at once: try again in a minute, or follow this one on /ws"
SHARED: Final = f"you ask for more than {SHARE} depths at once: try again in a minute"


class CurrentDepth(msgspec.Struct, frozen=True):
    """The newest book there is, and why there is none or nobody keeps it fresh; empty when somebody does."""

    book: Depth | None
    trouble: str


class _Told(NamedTuple):
    """What the engine says to a wish: why the book is not brought, empty when it is; and whether it has no place."""

    trouble: str
    is_refused: bool = False


class DepthWishes:
    """Wishes for books by those who ask once; who follows them on a socket is heard elsewhere."""

    def __init__(self, hot: HotStore) -> None:
        self._hot = hot
        self._wanted = Wanted[str](WANTED_S)
        self._asked = Joined[_Told](FRESH_S)

    async def current(self, instrument: str, holder: str) -> CurrentDepth:
        """The book as it is now. ``holder`` is on whose account it is: somebody's share is limited, unless that is empty."""
        no_room = self._wanted.take(instrument, holder, share=Limit(SHARE, SHARED), room=Limit(MOST_WANTED, MANY))
        trouble = no_room or await self._trouble(instrument)
        book = await self._book(instrument)
        return CurrentDepth(book, trouble or ("" if book else LATE))

    async def _trouble(self, instrument: str) -> str:
        """Why there is no newer book. What the engine refuses keeps no place from others."""
        told = await self._asked.of(instrument, partial(self._ask, instrument))
        if told.is_refused:
            self._wanted.give_back(instrument)
        return told.trouble

    async def _ask(self, instrument: str) -> _Told:
        """What the engine says. Returns when there is a book, or when that takes too long."""
        try:
            async with asyncio.timeout(WAIT_S):
                if ENGINE not in await self._hot.trees():
                    return _Told(AWAY)
                told = await self._told(instrument)
                if not told.trouble:
                    await self._heard(instrument)
                return told
        except StorageUnavailableError:  # if it is Redis that is away, nobody can read the book either, and is told so
            return _Told(SILENT)
        except TimeoutError:
            return _Told("")

    async def _told(self, instrument: str) -> _Told:
        reply = await self._hot.send_command(ENGINE, {"command": "depth", "symbol": instrument}, REPLY_S)
        if not reply.get("ok"):
            return _Told(str(reply.get("error")))
        answer: dict[str, Any] = reply["result"]
        return _Told(str(answer.get("failed", "")), bool(answer.get("refused")))

    async def _heard(self, instrument: str) -> None:
        while await self._book(instrument) is None:  # noqa: ASYNC110 - it is another process that writes it
            await asyncio.sleep(LOOK_S)

    async def _book(self, instrument: str) -> Depth | None:
        return (await self._hot.depths([instrument])).get(instrument)
