"""The channels: newest values as the engine publishes them, and the notice when some were missed."""

from collections.abc import Callable

import structlog

from actors.channels import LIVE_CANDLES, LIVE_CHAINS, MARKET_DATA
from engine.storage.hot import HotStore
from web.hub import FeedFormatError, Hub, Sequence, decode_live_candles, decode_live_chain, decode_prices

log = structlog.get_logger("ticktree.channels")


class ChannelSource:
    """Feeds the hub from ``market_data``, ``live_candles`` and ``live_chains``.

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
        self.malformed = 0

    async def run(self) -> None:
        """Listens until the connection is lost, which is an error."""
        async with self._hot.subscribe(MARKET_DATA, LIVE_CANDLES, LIVE_CHAINS) as messages:
            self._prices, self._candles, self._chains = Sequence(), Sequence(), Sequence()
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
        else:
            candles = decode_live_candles(payload)
            self._check(self._candles, candles.epoch, candles.offset)
            for candle in candles.rows:
                hub.put_forming(candle)

    def _check(self, sequence: Sequence, epoch: int, offset: int) -> None:
        if sequence.epoch not in (None, epoch):
            self._hub.begin_epoch()
        if not sequence.follows(epoch, offset):
            log.info("messages_missed", epoch=epoch, offset=offset)
            self._missed()

    def _skip(self, channel: str, error: FeedFormatError) -> None:
        self.malformed += 1
        if self.malformed == 1:
            log.warning("payload_not_understood", channel=channel, error=str(error))
