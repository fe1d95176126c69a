"""The streams as those who start and stop them see them."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Final

import anyio
import msgspec

from engine.runtime import ActorRef
from engine.storage.hot import HotStore, PriceStream
from web.streams.messages import Look

MOST_OWNED: Final = 10
"""Streams that one owner may have started."""
LOOK_S = 5.0
SIGN_S = 0.1
SIGNS = 10
"""Another process may have taken the lock at the same moment; it says so within so many times ``SIGN_S``."""


class StreamChange(StrEnum):
    """What became of a wish to start or stop."""

    STARTED = "started"
    ALREADY_RUNNING = "already_running"
    STOPPED = "stopped"
    LEFT = "left"
    """Others want it still."""
    NOT_RUNNING = "not_running"
    """There is none of this set, or none that one has started."""


class TooManyStreamsError(Exception):
    """Somebody has started as many streams as anybody may."""


class NotCarriedError(Exception):
    """No web process can carry another stream: PostgreSQL is away, or all have as many as they may."""


def key_of(instruments: Sequence[str]) -> str:
    """The name of a set of canonical names, whatever their order."""
    return sha256("\n".join(sorted(instruments)).encode()).hexdigest()[:32]


def lock_of(key: str) -> int:
    """The number of a stream's lock, of 64 bits."""
    return int.from_bytes(bytes.fromhex(key[:16]), signed=True)


class PriceStreams:
    """Starts, stops and lists them; a keeper in some process carries each."""

    def __init__(self, hot: HotStore, keeper: ActorRef, now_ms: Callable[[], int]) -> None:
        self._hot = hot
        self._keeper = keeper
        self._now_ms = now_ms

    async def all(self) -> list[PriceStream]:
        """Those that are started, the oldest first."""
        return sorted((await self._hot.streams()).values(), key=lambda stream: (stream.started_ms, stream.key))

    async def start(
        self, instruments: Sequence[str], owner: str, screener: str = ""
    ) -> tuple[StreamChange, PriceStream]:
        """Counts the owner in; carried somewhere when this returns, unless no process has room for it."""
        key, now_ms = key_of(instruments), self._now_ms()
        known = await self._hot.streams()
        owned = [stream for stream in known.values() if owner in stream.owners and stream.key != key]
        if len(owned) >= MOST_OWNED:
            raise TooManyStreamsError(f"you have started {MOST_OWNED} streams: stop one of them")

        def join(stream: PriceStream | None) -> PriceStream:
            if stream is None:
                return PriceStream(key, tuple(sorted(instruments)), {owner: now_ms}, now_ms, screener=screener)
            return msgspec.structs.replace(stream, owners={**stream.owners, owner: stream.owners.get(owner, now_ms)})

        before, after = await self._hot.change_stream(key, join)
        if before is not None:
            return StreamChange.ALREADY_RUNNING, after or before
        await self._keeper.ask(Look(), timeout_s=LOOK_S)
        running = await self._carried(key)
        if running is None:
            await self.stop(key, owner)
            raise NotCarriedError
        return StreamChange.STARTED, running

    async def _carried(self, key: str) -> PriceStream | None:
        """The stream, once a process carries it: this one, or another that was faster and has yet to say so."""
        for _ in range(SIGNS):
            stream = (await self._hot.streams()).get(key)
            if stream is not None and stream.process:
                return stream
            await anyio.sleep(SIGN_S)
        return None

    async def stop(self, key: str, owner: str) -> tuple[StreamChange, PriceStream | None]:
        """Counts the owner out; with the last one the stream ends."""

        def leave(stream: PriceStream | None) -> PriceStream | None:
            if stream is None or owner not in stream.owners:
                return stream
            left = {name: since for name, since in stream.owners.items() if name != owner}
            return msgspec.structs.replace(stream, owners=left) if left else None

        before, after = await self._hot.change_stream(key, leave)
        if before is None or owner not in before.owners:
            return StreamChange.NOT_RUNNING, before
        self._keeper.tell(Look())
        return StreamChange.STOPPED if after is None else StreamChange.LEFT, after
