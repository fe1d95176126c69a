"""Closed candles in TimeSeries: far less memory, and any tool that knows the module can read them.

Five series hold the prices and the volume, as the contract says. What else a candle is goes into three more:
``…:oi`` (only where the provider tells open interest), ``…:published`` (ms) and ``…:meta``, one number made of the source (its number in the
hash ``realtime:sources``), the revision, the state and two flags. A candle is written by one command, so no reader ever
sees half of one.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from redis.exceptions import ResponseError

from engine.market.candle import Candle, CandleState
from engine.storage.errors import HotStoreError
from engine.storage.hot import keys
from engine.storage.hot.link import RedisLink, Script, Value
from engine.storage.hot.series import chunks

_CREATE = Script("create_series")
_READ = Script("read_series")
_NAME_SOURCES = Script("name_sources")
_MILLISECOND_NS = 1_000_000
_CANDLES_A_COMMAND = 2_000
_INSTRUMENTS_A_COMMAND = 200
_FIELDS = {
    "": "close",
    ":open": "open",
    ":high": "high",
    ":low": "low",
    ":volume": "volume",
    ":oi": "oi",
    ":meta": "meta",
    ":published": "published",
}
_CHUNK_BYTES = {"1m": 2048, "5m": 1024, "15m": 512}
"""A series takes its first chunk at once, and a day has few bars of an hour: 4 KB each, the default, would be a gigabyte."""
_OTHER_CHUNK_BYTES = 256
_STATES = tuple(CandleState)
_REVISIONS = 1 << 16

Sample = tuple[str, int, Value]
Column = Sequence[tuple[int, bytes]]
"""Samples of one series: a time in milliseconds and its value as text."""


class TimeSeriesCandles:
    """``realtime:{symbol}:{tf}`` as a series of closes, with its companions."""

    def __init__(self, link: RedisLink, retention_s: int) -> None:
        self._link = link
        self._retention_ms = retention_s * 1000

    async def write(self, candles: Sequence[Candle]) -> None:
        """Stores candles, over what was there at their opening time. Safe to repeat."""
        for chunk in chunks(candles, _CANDLES_A_COMMAND):
            names = list({candle.source for candle in chunk})
            answer: list[int] = await self._link.run(_NAME_SOURCES, [keys.SOURCES], names)
            numbers = dict(zip(names, answer, strict=True))
            samples = [sample for candle in chunk for sample in _samples(candle, numbers[candle.source])]
            missing = await self._add(samples)
            if missing:
                await self._create(chunk, missing)
                missing = await self._add([sample for sample in samples if sample[0] in missing])
            if missing:
                raise HotStoreError(f"Series can not be made: {', '.join(sorted(missing)[:5])}.")

    async def read(
        self, instruments: Sequence[str], timeframe: str, start_ns: int, end_ns: int
    ) -> dict[str, list[Candle]]:
        """The candles that open in [start, end) of each instrument that has some, oldest first."""
        bounds = (-(-start_ns // _MILLISECOND_NS), -(-end_ns // _MILLISECOND_NS) - 1)
        found: dict[str, list[Candle]] = {}
        if bounds[0] > bounds[1]:
            return found
        sources = await self._sources()
        for chunk in chunks(instruments, _INSTRUMENTS_A_COMMAND):
            names = [keys.series(instrument, timeframe) + suffix for instrument in chunk for suffix in _FIELDS]
            answers: list[Any] = await self._link.run(_READ, names, (*bounds, len(_FIELDS)))
            for instrument, columns in zip(chunk, chunks(answers, len(_FIELDS)), strict=True):
                candles = list(_candles(instrument, timeframe, columns, sources)) if columns[0] else []
                if candles:
                    found[instrument] = candles
        return found

    async def _add(self, samples: Sequence[Sample]) -> set[str]:
        """Writes all samples in one command; answers which series do not exist yet."""
        answers: list[Any] = await self._link.call("TS.MADD", *(part for sample in samples for part in sample))
        missing: set[str] = set()
        for (name, _, _), answer in zip(samples, answers, strict=True):
            if not isinstance(answer, ResponseError):
                continue
            if "does not exist" in str(answer) or "is not a TSDB key" in str(answer):
                missing.add(name)
            elif "older than retention" not in str(answer):  # a heal of what is not hot any more
                raise HotStoreError(f"{name}: {answer}")
        return missing

    async def _create(self, candles: Sequence[Candle], missing: set[str]) -> None:
        labels: dict[str, tuple[Value, ...]] = {}
        for candle in candles:
            base = keys.series(candle.instrument, candle.timeframe)
            size = _CHUNK_BYTES.get(candle.timeframe, _OTHER_CHUNK_BYTES)
            exchange = candle.instrument.partition(":")[0]
            for suffix, label in _FIELDS.items():
                if base + suffix in missing:
                    labels[base + suffix] = (candle.instrument, exchange, candle.timeframe, label, size)
        for chunk in chunks(list(labels), _CANDLES_A_COMMAND):
            arguments = [part for name in chunk for part in labels[name]]
            await self._link.run(_CREATE, chunk, [self._retention_ms, *arguments])

    async def _sources(self) -> Mapping[int, str]:
        names: dict[bytes, bytes] = await self._link.call("HGETALL", keys.SOURCES)
        return {int(number): name.decode() for name, number in names.items()}


def _samples(candle: Candle, source: int) -> Iterator[Sample]:
    name, time = keys.series(candle.instrument, candle.timeframe), candle.time // _MILLISECOND_NS
    yield name, time, candle.close
    yield name + ":open", time, candle.open
    yield name + ":high", time, candle.high
    yield name + ":low", time, candle.low
    yield name + ":volume", time, candle.volume
    if candle.open_interest is not None:
        yield name + ":oi", time, candle.open_interest
    yield name + ":meta", time, _meta(candle, source)
    yield name + ":published", time, candle.published_ns // _MILLISECOND_NS


def _meta(candle: Candle, source: int) -> int:
    number = source * _REVISIONS + min(candle.revision, _REVISIONS - 1)
    number = number * len(_STATES) + _STATES.index(candle.state)
    return number * 4 + 2 * (candle.open_interest is not None) + candle.resolve_required


def _candles(
    instrument: str, timeframe: str, columns: Sequence[Column], sources: Mapping[int, str]
) -> Iterator[Candle]:
    """The candles of all columns at the times of the first one, the closes."""
    times = [time for time, _ in columns[0]]
    read: dict[float, tuple[str, int, CandleState, int]] = {}
    for time, close, opening, high, low, volume, interest, meta, published in zip(
        times, *(_values(column, times) for column in columns), strict=True
    ):
        if math.isnan(meta):  # not of our making
            continue
        if meta not in read:
            read[meta] = _read_meta(int(meta), sources)
        source, revision, state, flags = read[meta]
        yield Candle(
            instrument,
            timeframe,
            time * _MILLISECOND_NS,
            opening,
            high,
            low,
            close,
            int(volume),
            int(interest) if flags & 2 else None,
            state,
            revision,
            source,
            bool(flags & 1),
            0 if math.isnan(published) else int(published) * _MILLISECOND_NS,
        )


def _values(column: Column, times: Sequence[int]) -> list[float]:
    """A column's values at these times, NaN where it has none. Mostly it has exactly them."""
    if [time for time, _ in column] == times:
        return [float(value) for _, value in column]
    known = {time: float(value) for time, value in column}
    return [known.get(time, math.nan) for time in times]


def _read_meta(number: int, sources: Mapping[int, str]) -> tuple[str, int, CandleState, int]:
    """Source, revision, state and flags; what ``_meta`` has made of them."""
    number, flags = divmod(number, 4)
    number, state = divmod(number, len(_STATES))
    source, revision = divmod(number, _REVISIONS)
    return sources.get(source, ""), revision, _STATES[state], flags
