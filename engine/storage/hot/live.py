"""Newest values: prices, quotes, actor states, forming candles, closed candles and the buffers of watched symbols."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from engine.market.candle import Candle
from engine.storage.hot import keys
from engine.storage.hot.codec import SECOND_NS, candle_of_json, live_json
from engine.storage.hot.link import RedisLink, Script, Value
from engine.storage.hot.report import InstrumentReport, by_expiry
from engine.storage.hot.series import CandleSeries, chunks
from engine.storage.hot.setting import ExpiringKeys
from engine.storage.packing import unpack_map

_PUSH_CLOSED = Script("push_closed")
_REPORTS_A_COMMAND = 1_000
_BUFFERS_A_COMMAND = 500
_KEYS_A_READ = 5_000

Key = TypeVar("Key")


class LiveValues:
    """What the market looks like now, and did in the last days."""

    def __init__(self, link: RedisLink, keys: ExpiringKeys, series: CandleSeries) -> None:
        self._link = link
        self._keys = keys
        self._series = series

    # -- writing

    async def write_live(self, batch: Sequence[InstrumentReport]) -> None:
        """One flush: prices, quotes, states and forming candles with their expiries, in a few large commands."""
        for chunk in chunks(batch, _REPORTS_A_COMMAND):
            await self._keys.set(by_expiry(chunk))

    async def write_candles(self, candles: Sequence[Candle], watched: AbstractSet[str] = frozenset()) -> None:
        """Closed and revised candles: all into their series, those of watched instruments also into their buffers."""
        await self._series.write(candles)
        closed: dict[tuple[str, str], list[Candle]] = {}
        for candle in candles:
            if candle.instrument in watched:
                closed.setdefault((candle.instrument, candle.timeframe), []).append(candle)
        for chunk in chunks(list(closed.items()), _BUFFERS_A_COMMAND):
            await self._push(chunk)

    async def _push(self, buffers: Sequence[tuple[tuple[str, str], list[Candle]]]) -> None:
        arguments: list[Value] = [keys.BUFFER_LENGTH]
        for (_, timeframe), candles in buffers:
            newest = {candle.time: candle for candle in sorted(candles, key=lambda candle: candle.revision)}
            arguments += (keys.buffer_expiry_s(timeframe), len(newest))
            for _, candle in sorted(newest.items()):
                arguments += (candle.time // SECOND_NS, candle.revision, live_json(candle))
        await self._link.run(_PUSH_CLOSED, [keys.buffer(*pair) for pair, _ in buffers], arguments)

    # -- reading

    async def candles(self, instrument: str, timeframe: str, start_ns: int, end_ns: int) -> list[Candle]:
        """The closed candles that open in [start, end), oldest first."""
        found = await self._series.read([instrument], timeframe, start_ns, end_ns)
        return found.get(instrument, [])

    async def candles_many(
        self, instruments: Sequence[str], timeframe: str, start_ns: int, end_ns: int
    ) -> dict[str, list[Candle]]:
        """The same for many instruments; those without a candle are left out."""
        return await self._series.read(instruments, timeframe, start_ns, end_ns)

    async def buffer(self, instrument: str, timeframe: str) -> list[Candle]:
        """The newest closed candles of a watched instrument, newest first."""
        entries: list[bytes] = await self._link.call("LRANGE", keys.buffer(instrument, timeframe), 0, -1)
        return [candle_of_json(instrument, timeframe, entry) for entry in entries]

    async def live_candles(self, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Candle]:
        """The forming candles of (instrument, timeframe) pairs; what does not form is left out."""
        found = await self._get({pair: keys.live_candle(*pair) for pair in wanted})
        return {pair: candle_of_json(*pair, text) for pair, text in found.items()}

    async def quotes(self, instruments: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The newest quotes; what has none is left out."""
        found = await self._get({instrument: keys.quote(instrument) for instrument in instruments})
        return {instrument: unpack_map(packed) for instrument, packed in found.items()}

    async def states(self, instruments: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What actors resume from; what has none is left out."""
        found = await self._get({instrument: keys.state(instrument) for instrument in instruments})
        return {instrument: unpack_map(packed) for instrument, packed in found.items()}

    async def prices(self, segment_keys: Sequence[str]) -> list[float | None]:
        """The last prices of segment keys (``NSE_EQ:1333``), in their order, by one command."""
        if not segment_keys:
            return []
        found: list[bytes | None] = await self._link.call("MGET", *(keys.price(key) for key in segment_keys))
        return [None if text is None else float(text) for text in found]

    async def _get(self, names: Mapping[Key, str]) -> dict[Key, bytes]:
        found: dict[Key, bytes] = {}
        for chunk in chunks(list(names.items()), _KEYS_A_READ):
            values: list[bytes | None] = await self._link.call("MGET", *(name for _, name in chunk))
            found.update((key, value) for (key, _), value in zip(chunk, values, strict=True) if value is not None)
        return found
