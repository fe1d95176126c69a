"""Recent ticks: the newest of each instrument whose ticks are kept, in a stream of its own."""

from collections.abc import Iterable, Mapping, Sequence

from engine.market.kept_tick import KeptTick
from engine.storage.hot import keys
from engine.storage.hot.link import RedisLink, Script, Value
from engine.storage.packing import pack, unpack

_APPEND = Script("append_ticks")
_INSTRUMENTS_A_COMMAND = 200


class RecentTicks:
    """What was kept last, until PostgreSQL has it and for a while after that."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def write_ticks(self, ticks: Iterable[KeptTick]) -> None:
        """Appends ticks, those of an instrument in their order. What lies not after its newest one is there already."""
        streams: dict[str, list[KeptTick]] = {}
        for tick in ticks:
            streams.setdefault(tick.instrument, []).append(tick)
        names = list(streams)
        for start in range(0, len(names), _INSTRUMENTS_A_COMMAND):
            await self._append({name: streams[name] for name in names[start : start + _INSTRUMENTS_A_COMMAND]})

    async def _append(self, streams: Mapping[str, Sequence[KeptTick]]) -> None:
        arguments: list[Value] = [keys.TICKS_LENGTH, keys.DAY_S]
        for ticks in streams.values():
            newest = ticks[-keys.TICKS_LENGTH :]
            arguments.append(len(newest))
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
