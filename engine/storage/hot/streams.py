"""Started streams of prices: which there are, whose they are, and who carries them."""

from collections.abc import Callable, Mapping

import msgspec

from engine.storage.errors import HotStoreUnavailableError
from engine.storage.hot import keys
from engine.storage.hot.link import RedisLink, Script

_REPLACE = Script("replace_stream")
_ATTEMPTS = 20
"""Others may change a record between our reading and writing; so often in a row it is no accident."""


class PriceStream(msgspec.Struct, frozen=True):
    """A started stream: the prices of a set of instruments, on the channel ``live_ltp_updates``."""

    key: str
    instruments: tuple[str, ...]
    """Canonical names, sorted."""
    owners: Mapping[str, int]
    """Who started it and has not stopped it, and since when (unix milliseconds)."""
    started_ms: int
    process: str = ""
    """The web process that carries it; empty until one does."""
    screener: str = ""
    """The screener whose instruments it began with; empty where there was none."""


Change = Callable[[PriceStream | None], PriceStream | None]
_decode = msgspec.json.Decoder(PriceStream).decode
_encode = msgspec.json.Encoder().encode


class StreamBook:
    """Records under ``websocket_stream:{key}``, changed by any process, each change as a whole."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def streams(self) -> dict[str, PriceStream]:
        """All there are, by key; forgets those that nobody has renewed for an hour."""
        members: set[bytes] = set(await self._link.call("SMEMBERS", keys.STREAMS))
        names = sorted(member.decode() for member in members)
        if not names:
            return {}
        found: list[bytes | None] = await self._link.call("MGET", *map(keys.stream, names))
        known = {name: _decode(text) for name, text in zip(names, found, strict=True) if text is not None}
        gone = [name for name in names if name not in known]
        if gone:
            await self._link.call("SREM", keys.STREAMS, *gone)
        return known

    async def change_stream(self, key: str, change: Change) -> tuple[PriceStream | None, PriceStream | None]:
        """What the record was and what ``change`` made of it, None for none; renews it when that is the same.

        ``change`` may be called several times, and must not mind; after a lost answer it is given its own work.
        """
        name = keys.stream(key)
        for _ in range(_ATTEMPTS):
            written: bytes = await self._link.call("GET", name) or b""
            before = _decode(written) if written else None
            after = change(before)
            wanted = b"" if after is None else _encode(after)
            if await self._link.run(_REPLACE, [name, keys.STREAMS], [written, wanted, keys.STREAM_EXPIRY_S, key]):
                return before, after
        raise HotStoreUnavailableError(f"The stream {key} was changed {_ATTEMPTS} times by others.")
