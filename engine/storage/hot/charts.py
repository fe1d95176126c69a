"""The year charts in Redis: a hash each, a field a trading day, so that a day can change without the year.

``chart:{symbol}:{timeframe}:1year``: field ``2026-11-20`` holds the day's candles as a msgpack array of arrays, field
``about`` says when and from when on the chart was built. It stands only once all its days do.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from engine.market.candle import Candle, CandleState
from engine.storage.hot import keys
from engine.storage.hot.codec import SECOND_NS
from engine.storage.hot.link import RedisLink, Value
from engine.storage.hot.series import chunks

_ABOUT = "about"
_DAYS_A_COMMAND = 50


class ChartAbout(msgspec.Struct, frozen=True):
    """How a chart came about; times in ns UTC."""

    built_ns: int
    """When everything in it was read."""
    start_ns: int
    """What opened before is not in it."""


_Bar = tuple[int, float, float, float, float, int, int | None, CandleState, int, str, bool]
"""The opening time in seconds, and the candle's row."""

_encode = msgspec.msgpack.Encoder().encode
_decode_day = msgspec.msgpack.Decoder(list[_Bar]).decode
_decode_about = msgspec.msgpack.Decoder(ChartAbout).decode


class ChartCache:
    """Charts by instrument and timeframe. They expire a day after they were last written."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def write_chart_days(self, instrument: str, timeframe: str, days: Mapping[date, Sequence[Candle]]) -> None:
        """Puts whole days into a chart, each in place of what was there."""
        key = keys.chart(instrument, timeframe)
        for chunk in chunks(list(days.items()), _DAYS_A_COMMAND):
            fields: list[Value] = [part for day, candles in chunk for part in (day.isoformat(), _packed(candles))]
            await self._link.many([("HSET", key, *fields), ("EXPIRE", key, keys.DAY_S)])

    async def finish_chart(self, instrument: str, timeframe: str, about: ChartAbout, days: Sequence[date]) -> None:
        """Says that a chart stands; other days than these are dropped."""
        key = keys.chart(instrument, timeframe)
        kept = {_ABOUT, *(day.isoformat() for day in days)}
        fields: list[bytes] = await self._link.call("HKEYS", key)
        stale = [field for field in fields if field.decode() not in kept]
        commands: list[Sequence[Value]] = [("HSET", key, _ABOUT, _encode(about)), ("EXPIRE", key, keys.DAY_S)]
        await self._link.many([*commands, *([("HDEL", key, *stale)] if stale else [])], together=True)

    async def chart_about(self, instrument: str, timeframe: str) -> ChartAbout | None:
        """How the chart came about; None when there is none, or not yet."""
        packed: bytes | None = await self._link.call("HGET", keys.chart(instrument, timeframe), _ABOUT)
        return None if packed is None else _decode_about(packed)

    async def chart_days(self, instrument: str, timeframe: str, days: Sequence[date]) -> list[Candle]:
        """The candles of some days of a chart, in their order; a day that it does not have is left out."""
        key, found = keys.chart(instrument, timeframe), list[Candle]()
        for chunk in chunks(list(days), _DAYS_A_COMMAND):
            packed: list[bytes | None] = await self._link.call("HMGET", key, *(day.isoformat() for day in chunk))
            found += (candle for one in packed if one is not None for candle in _unpacked(instrument, timeframe, one))
        return found


def _packed(candles: Sequence[Candle]) -> bytes:
    return _encode([(candle.time // SECOND_NS, *candle.row) for candle in candles])


def _unpacked(instrument: str, timeframe: str, packed: bytes) -> list[Candle]:
    return [Candle(instrument, timeframe, bar[0] * SECOND_NS, *bar[1:]) for bar in _decode_day(packed)]
