"""Recent ticks: of each instrument whose ticks are kept the newest, and all that PostgreSQL lacks, in a stream of its own."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from engine.market.kept_tick import KeptTick
from engine.storage.hot import keys
from engine.storage.hot.link import RedisLink, Script, Value
from engine.storage.packing import pack, pack_map, unpack, unpack_map

_APPEND = Script("append_ticks")
_INSTRUMENTS_A_COMMAND = 200


_NONE: Final = MappingProxyType[str, int]({})


class RecentTicks:
    """What was kept last, until PostgreSQL has it and for a while after that."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def write_ticks(self, ticks: Iterable[KeptTick], *, unsaved: Mapping[str, int] = _NONE) -> None:
        """Appends ticks, those of an instrument in their order. What lies not after its newest one is there already.

        ``unsaved`` says how many of an instrument's newest PostgreSQL lacks: they stay beside TICKS_LENGTH others.
        """
        streams: dict[str, list[KeptTick]] = {}
        for tick in ticks:
            streams.setdefault(tick.instrument, []).append(tick)
        names = list(streams)
        for start in range(0, len(names), _INSTRUMENTS_A_COMMAND):
            await self._append({name: streams[name] for name in names[start : start + _INSTRUMENTS_A_COMMAND]}, unsaved)

    async def _append(self, streams: Mapping[str, Sequence[KeptTick]], unsaved: Mapping[str, int]) -> None:
        arguments: list[Value] = [keys.TICKS_EXPIRY_S]
        for name, ticks in streams.items():
            length = keys.TICKS_LENGTH + unsaved.get(name, 0)
            newest = ticks[-length:]
            arguments += (length, len(newest))
            for tick in newest:
                arguments += (_identity(tick.received_us), _packed(tick))
        await self._link.run(_APPEND, [keys.ticks(name) for name in streams], arguments)

    async def recent_ticks(
        self, instruments: Sequence[str], start_us: int = 0, end_us: int = 2**62
    ) -> dict[str, list[KeptTick]]:
        """The recent ticks that were received in [start, end) of each instrument that has some, oldest first."""
        span = _identity(start_us), _identity(end_us - 1)
        found = await self._link.many([("XRANGE", keys.ticks(name), *span) for name in instruments])
        streams = {name: entries for name, entries in zip(instruments, found, strict=True) if entries}
        return {name: [_tick(name, *entry) for entry in entries] for name, entries in streams.items()}

    async def newest_ticks(self, instruments: Sequence[str]) -> dict[str, KeptTick]:
        """The newest tick of each instrument that has one."""
        found = await self._link.many([
            ("XREVRANGE", keys.ticks(name), "+", "-", "COUNT", 1) for name in instruments
        ])  # fmt: skip
        return {name: _tick(name, *entries[0]) for name, entries in zip(instruments, found, strict=True) if entries}

    async def note_saved(self, until_us: int) -> None:
        """Notes that PostgreSQL has all ticks received before, and Redis all others."""
        await self._link.call("SET", keys.TICKS_SAVED, until_us)

    async def saved_until(self) -> int | None:
        """What was noted last; None where nobody has, or Redis has lost all it had."""
        found = await self._link.call("GET", keys.TICKS_SAVED)
        return None if found is None else int(found)

    async def remember_kept(self, instruments: Mapping[str, bool]) -> None:
        """Notes whose ticks are kept, and whether their feeds' trades count where there are no totals."""
        await self._link.call("SET", keys.TICKS_KEPT, pack_map(instruments))

    async def remembered_kept(self) -> dict[str, bool]:
        """Whose ticks were kept when it was noted last: for who can not ask PostgreSQL."""
        found = await self._link.call("GET", keys.TICKS_KEPT)
        return {} if found is None else unpack_map(found)


def _identity(time_us: int) -> str:
    """Times of receipt are as unique and as orderly as a stream's ids: milliseconds, and a number within each."""
    return f"{time_us // 1_000}-{time_us % 1_000}"


def _packed(tick: KeptTick) -> bytes:
    return pack((
        tick.event_us,
        tick.price,
        tick.size,
        tick.traded,
        tick.volume,
        tick.open_interest,
        tick.bid,
        tick.ask,
        tick.provider,
    ))  # fmt: skip


def _tick(instrument: str, identity: bytes, fields: Sequence[bytes] | Mapping[bytes, bytes]) -> KeptTick:
    milliseconds, _, rest = identity.decode().partition("-")
    data = fields[b"data"] if isinstance(fields, Mapping) else fields[1]
    return KeptTick(instrument, int(milliseconds) * 1_000 + int(rest), *unpack(data))
