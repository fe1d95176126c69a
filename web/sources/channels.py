"""The channels: newest values as the engine publishes them, and the notice when some were missed."""

from collections.abc import Callable
from functools import partial

import structlog

from actors.channels import DEPTH, LIVE_CANDLES, LIVE_CHAINS, MARKET_DATA
from engine.storage.hot import HotStore
from web.hub import (
    FeedFormatError,
    Hub,
    Sequence,
    decode_live_candles,
    decode_live_chain,
    decode_live_depths,
    decode_prices,
)
from web.protocol import Kind

log = structlog.get_logger("ticktree.channels")


class ChannelSource:
    """Feeds the hub from ``market_data``, ``live_candles``, ``live_chains`` and ``depth``.

    ``begun`` is called when nothing published from now on is missed, ``missed`` when something was.
    """

    def __init__(self, hot: HotStore, hub: Hub, *, begun: Callable[[], None], missed: Callable[[], None]) -> None:
        self._hot = hot
        self._hub = hub
        self._begun = begun
        self._missed = missed
        self._prices = Sequence()
        self._candles = Sequence()
        self._chains = Sequence()
        self._depths = Sequence()
        self.malformed = 0

    async def run(self) -> None:
        """Listens until the connection is lost, which is an error."""
        async with self._hot.subscribe(MARKET_DATA, LIVE_CANDLES, LIVE_CHAINS, DEPTH) as messages:
            self._prices, self._candles = Sequence(), Sequence()
            self._chains, self._depths = Sequence(), Sequence()
            self._begun()
            async for channel, payload in messages:
                try:
                    self._take(channel, payload)
                except FeedFormatError as error:
                    self._skip(channel, error)

    def _take(self, channel: str, payload: bytes) -> None:
        hub = self._hub
        if channel == MARKET_DATA:
            prices = decode_prices(payload)
            self._check(self._prices, prices.epoch, prices.offset)
            for price in prices.rows:
                hub.put_price(price)
        elif channel == LIVE_CHAINS:
            chain = decode_live_chain(payload)
            self._check(self._chains, chain.epoch, chain.offset)
            hub.put_chain(chain.value)
        elif channel == DEPTH:
            self._take_depths(payload)
        else:
            candles = decode_live_candles(payload)
            self._check(self._candles, candles.epoch, candles.offset)
            for candle in candles.rows:
                hub.put_forming(candle)

    def _take_depths(self, payload: bytes) -> None:
        """While nobody follows any, they are not even read; who begins is told the hot copy."""
        if not self._hub.follows(Kind.DEPTH):
            self._depths = Sequence()
            return
        depths = decode_live_depths(payload)
        self._check(self._depths, depths.epoch, depths.offset, partial(self._hub.forget, Kind.DEPTH))
        for value in depths.values:
            self._hub.put_depth(value)

    def _check(self, sequence: Sequence, epoch: int, offset: int, begin: Callable[[], None] | None = None) -> None:
        """``begin`` is what another epoch of this channel means, where it is not that of the whole engine."""
        if sequence.epoch not in (None, epoch):
            (begin or self._hub.begin_epoch)()
        if not sequence.follows(epoch, offset):
            log.info("messages_missed", epoch=epoch, offset=offset)
            self._missed()

    def _skip(self, channel: str, error: FeedFormatError) -> None:
        self.malformed += 1
        if self.malformed == 1:
            log.warning("payload_not_understood", channel=channel, error=str(error))
