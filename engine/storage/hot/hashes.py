"""Closed candles in plain hashes: for servers without the TimeSeries module, such as Valkey."""

from collections.abc import Sequence

from engine.market.candle import Candle
from engine.market.timeframe import length_s
from engine.storage.hot import keys
from engine.storage.hot.codec import SECOND_NS, pack_candle, unpack_candle
from engine.storage.hot.link import RedisLink, Script, Value
from engine.storage.hot.series import chunks

_WRITE = Script("write_hash")
_READ = Script("read_hash")
_CANDLES_A_COMMAND = 2_000
_FIELDS_A_COMMAND = 20_000
_HASHES_A_ROUND_TRIP = 20
_MINUTE_S = 60
_LISTED_MINUTES = 1_440
"""A range of up to so many minutes, and not more than a hash has fields, is read by naming them; else a hash is read whole."""


class HashCandles:
    """``realtime:{symbol}:{tf}`` as a hash: opening time in seconds → msgpack candle."""

    def __init__(self, link: RedisLink, retention_s: int) -> None:
        self._link = link
        self._retention_s = retention_s

    async def write(self, candles: Sequence[Candle]) -> None:
        """Stores candles, over what was there at their opening time. Safe to repeat."""
        # A replay keeps its own time, not the machine's.
        newest_ns = max((candle.time for candle in candles), default=0)
        oldest = newest_ns // SECOND_NS - self._retention_s
        for chunk in chunks(candles, _CANDLES_A_COMMAND):
            names = [keys.series(candle.instrument, candle.timeframe) for candle in chunk]
            arguments: list[Value] = []
            for candle in chunk:
                arguments += (candle.time // SECOND_NS, pack_candle(candle))
            await self._link.run(_WRITE, names, [*arguments, self._retention_s, oldest])

    async def read(
        self, instruments: Sequence[str], timeframe: str, start_ns: int, end_ns: int
    ) -> dict[str, list[Candle]]:
        """The candles that open in [start, end) of each instrument that has some, oldest first."""
        first = -(-start_ns // (_MINUTE_S * SECOND_NS)) * _MINUTE_S
        minutes = range(first, -(-end_ns // SECOND_NS), _MINUTE_S)  # every bucket opens on a whole minute
        if len(minutes) <= min(_LISTED_MINUTES, self._retention_s // length_s(timeframe)):
            return await self._read_listed(instruments, timeframe, minutes)
        return await self._read_sifted(instruments, timeframe, minutes)

    async def _read_listed(self, instruments: Sequence[str], timeframe: str, minutes: range) -> dict[str, list[Candle]]:
        found: dict[str, list[Candle]] = {}
        if not minutes:
            return found
        for chunk in chunks(instruments, max(1, _FIELDS_A_COMMAND // len(minutes))):
            names = [keys.series(instrument, timeframe) for instrument in chunk]
            for instrument, row in zip(chunk, await self._link.run(_READ, names, minutes), strict=True):
                present = [(minute, packed) for minute, packed in zip(minutes, row, strict=True) if packed is not None]
                if present:
                    found[instrument] = [unpack_candle(instrument, timeframe, *item) for item in present]
        return found

    async def _read_sifted(self, instruments: Sequence[str], timeframe: str, minutes: range) -> dict[str, list[Candle]]:
        found: dict[str, list[Candle]] = {}
        for chunk in chunks(instruments, _HASHES_A_ROUND_TRIP):
            commands = [("HGETALL", keys.series(instrument, timeframe)) for instrument in chunk]
            answers: list[dict[bytes, bytes]] = await self._link.many(commands)
            for instrument, fields in zip(chunk, answers, strict=True):
                present = sorted(
                    (minute, packed) for field, packed in fields.items() if (minute := int(field)) in minutes
                )
                if present:
                    found[instrument] = [unpack_candle(instrument, timeframe, *item) for item in present]
        return found
