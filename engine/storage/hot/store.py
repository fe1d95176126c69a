"""The hot store: everything ticktree keeps in Redis, behind one object."""

from contextlib import AbstractAsyncContextManager
from typing import Any, Self

from redis.exceptions import ResponseError

from engine.storage.errors import HotStoreError
from engine.storage.hot.chains import CurrentChains
from engine.storage.hot.charts import ChartCache
from engine.storage.hot.control import Control
from engine.storage.hot.depths import CurrentDepths
from engine.storage.hot.doors import Doors
from engine.storage.hot.duty import EngineDuty
from engine.storage.hot.events import EventLog
from engine.storage.hot.hashes import HashCandles
from engine.storage.hot.keys import DAY_S
from engine.storage.hot.last_prices import LastPrices
from engine.storage.hot.link import ANSWER_TIMEOUT_S, RedisLink
from engine.storage.hot.live import LiveValues
from engine.storage.hot.rates import Rates
from engine.storage.hot.series import CandleSeries
from engine.storage.hot.setting import ExpiringKeys
from engine.storage.hot.streams import StreamBook
from engine.storage.hot.subscription import Subscription, subscribed
from engine.storage.hot.ticks import RecentTicks
from engine.storage.hot.timeseries import TimeSeriesCandles

_PROBE = "ticktree:probe"


class HotStore(
    LiveValues,
    LastPrices,
    ChartCache,
    CurrentChains,
    CurrentDepths,
    EventLog,
    EngineDuty,
    Control,
    Doors,
    Rates,
    StreamBook,
    RecentTicks,
):
    """Prices, candles, events and signals in Redis.

    Every method may raise ``HotStoreUnavailableError`` (repeat later) or ``HotStoreError`` (do not). Every write may be
    repeated without harm. For one server, not for a cluster: commands span keys of all instruments.

    Beside the contract's keys it keeps ``seen`` (provider → ns), ``healing`` (instrument → open gaps), ``events:epoch``,
    ``processes`` (names of those that showed a tree), ``reply:{id}:sent``, ``statuses`` (instrument → JSON), ``paces``,
    ``asked:{SEGMENT}:{ID}`` (when a provider was asked for a last price, 30 s), ``depth:{symbol}`` (a book, 60 s),
    ``ticket:{digest}`` (30 s), ``sign_in:{digest}`` (10 min), ``sessions`` (a stream of those that ended), ``websocket_streams`` (their keys),
    ``attempts:{who}`` (to sign in, by hash), ``rate:{name}`` (token buckets), ``rate:{name}:today`` (how many were taken,
    until the provider's midnight), ``ticks:{symbol}`` (a stream of the newest, and of all that PostgreSQL lacks, 7 days), ``ticks_kept``
    and ``ticks_saved`` (whose, and until when), and with TimeSeries ``…:oi``, ``…:meta``, ``…:published`` and ``realtime:sources``.
    """

    def __init__(self, link: RedisLink, keys: ExpiringKeys, series: CandleSeries) -> None:
        LiveValues.__init__(self, link, keys, series)
        self.series = series

    @classmethod
    async def connect(cls, url: str, *, retention_days: int = 7, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> Self:
        """A store on the server at ``url``; keeps candles as TimeSeries where the server has the module."""
        link = RedisLink(url, answer_timeout_s=answer_timeout_s)
        try:
            kind = TimeSeriesCandles if await _has_timeseries(link) else HashCandles
            keys = await ExpiringKeys.of(link)
        except BaseException:
            await link.close()
            raise
        return cls(link, keys, kind(link, retention_days * DAY_S))

    async def ping(self) -> None:
        """Returns when the server answers."""
        await self._link.call("PING")

    async def publish(self, channel: str, payload: bytes) -> int:
        """Publishes a message; answers to how many subscribers."""
        return int(await self._link.call("PUBLISH", channel, payload))

    def subscribe(self, *channels: str) -> AbstractAsyncContextManager[Subscription]:
        """``async with store.subscribe("market_data") as messages: async for channel, payload in messages``."""
        return subscribed(self._link, *channels)

    async def close(self) -> None:
        """Closes the connections."""
        await self._link.close()


async def _has_timeseries(link: RedisLink) -> bool:
    try:
        modules: Any = await link.call("MODULE", "LIST")
    except HotStoreError as error:  # some hosts forbid MODULE; then the command itself is tried
        if not isinstance(error.__cause__, ResponseError):
            raise
        return await _takes_samples(link)
    return "timeseries" in str(modules).lower()


async def _takes_samples(link: RedisLink) -> bool:
    try:
        await link.call("TS.ADD", _PROBE, "*", 1)
    except HotStoreError as error:
        if "unknown command" not in str(error):
            raise
        return False
    await link.call("DEL", _PROBE)
    return True
