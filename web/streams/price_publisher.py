"""One stream: publishes the prices of its instruments as they change."""

from typing import Any

import anyio
import msgspec
import structlog

from engine.runtime import Backoff, TaskActor
from engine.storage.errors import StorageError
from engine.storage.hot import HotStore, LastPrice, PriceStream
from web.directory import Directory
from web.last_prices import LastPriceWishes
from web.protocol.screener import STREAM, ltp_batch, ltp_update

log = structlog.get_logger("ticktree.streams")

CHANNEL = "live_ltp_updates"
PUBLISH_S = 0.5
REPEAT_S = 30.0
"""So often everything is told again, to who began to listen meanwhile, and a provider is asked for what is missing."""
PROVIDER = "provider"
"""The source of prices that a provider was asked for."""
RECONNECT = Backoff(initial_s=0.5, maximum_s=5.0)

_encode = msgspec.json.Encoder().encode


class PricePublisher(TaskActor):
    """Reads the newest prices twice a second, in one command, and publishes those that have changed.

    Of what changes faster only the newest is told; while Redis is away, nothing is.
    """

    def __init__(self, stream: PriceStream, hot: HotStore, directory: Directory, wishes: LastPriceWishes) -> None:
        super().__init__()
        self._stream = stream
        self._hot = hot
        self._directory = directory
        self._wishes = wishes
        self._told: dict[str, float] = {}

    async def on_start(self) -> None:
        self.spawn(self._publish_again_and_again)
        self.spawn(self._repeat)

    async def _publish_again_and_again(self) -> None:
        failures = 0
        while True:
            try:
                await self._publish()
                failures = 0
            except StorageError as error:
                log.debug("stream_waits", stream=self._stream.key, error=str(error))
                failures += 1
            await anyio.sleep(RECONNECT.delay(failures, self.system.jitter()) if failures else PUBLISH_S)

    async def _publish(self) -> None:
        places = self._places()
        prices = dict(zip(places, await self._hot.prices(list(places)), strict=True))
        changed = [place for place, price in prices.items() if price is not None and self._told.get(place) != price]
        if not changed:
            return
        known = await self._hot.last_prices({place: places[place] for place in changed})
        updates = [update for place, told in known.items() if (update := _update(place, places[place], told))]
        if updates:
            await self._hot.publish(CHANNEL, _encode(updates[0] if len(updates) == 1 else ltp_batch(updates)))
            self._told |= {place: told.price for place, told in known.items() if told.price is not None}

    async def _repeat(self) -> None:
        while True:
            try:
                await self._fetch_missing()
            except StorageError as error:
                log.debug("missing_not_fetched", stream=self._stream.key, error=str(error))
            await anyio.sleep(REPEAT_S)
            self._told.clear()

    async def _fetch_missing(self) -> None:
        """What the provider says stands in Redis then, where it is found like any other price."""
        places = self._places()
        known = await self._hot.last_prices(dict(places))
        await self._wishes.of(
            [places[place] for place, told in known.items() if told.price is None and told.asked_ms is None]
        )

    def _places(self) -> dict[str, str]:
        """The instruments by segment key; one that nobody carries any more is left out."""
        keys = {instrument: self._directory.segment_key(instrument) for instrument in self._stream.instruments}
        return {key: instrument for instrument, key in keys.items() if key is not None}


def _update(place: str, instrument: str, told: LastPrice) -> dict[str, Any] | None:
    if told.price is None:
        return None
    source = PROVIDER if told.is_provider_s else STREAM
    symbol = instrument.partition(":")[2]
    return dict(ltp_update(symbol, instrument, place, told.price, told.observed_ms or 0, source=source))
