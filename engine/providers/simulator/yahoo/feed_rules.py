"""Yahoo's manners at the socket: no login, no answers, and whoever is not heard of for a minute is dropped."""

from contextlib import suppress
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec
import trio

from engine.providers.base import Mode
from engine.providers.simulator.door import Door
from engine.providers.simulator.subscriber import Subscriber

FORGET_AFTER_S: Final = 60.0
_LOOK_EVERY_S: Final = 1.0
_BAD_REQUEST: Final = 400


class _Request(msgspec.Struct):
    subscribe: list[str] = []
    unsubscribe: list[str] = []


class YahooFeedRules:
    """What one door's clients may ask, and how long they may be silent."""

    most_connections = 100
    crowded = None
    ping_s = float("inf")
    """It answers pings, and sends none."""

    def __init__(self, door: Door, *, forget_after_s: float = FORGET_AFTER_S) -> None:
        self._door = door
        self._forget_after_s = forget_after_s
        self._segments = {symbol: segment for segment, symbol in door.places}
        self._heard_s: dict[Subscriber, float] = {}

    def status(self, target: str, headers: list[tuple[bytes, bytes]]) -> int | None:
        """Only the second version of the protocol is spoken here."""
        del headers
        return None if parse_qs(urlsplit(target).query).get("version") == ["2"] else _BAD_REQUEST

    async def obey(self, subscriber: Subscriber, message: str | bytes) -> None:
        """Subscribe or unsubscribe; what nobody knows or understands is passed over without a word."""
        await trio.lowlevel.checkpoint()
        self._heard_s[subscriber] = trio.current_time()
        request = _Request()
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            request = msgspec.json.decode(message, type=_Request)
        for place in self._places(request.subscribe):
            if place not in subscriber.modes:  # the same list comes again and again
                self._door.subscribe(subscriber, place, Mode.QUOTE)
        for place in self._places(request.unsubscribe):
            self._door.unsubscribe(subscriber, place, Mode.QUOTE)

    def farewell(self, code: int) -> None:
        """Yahoo closes without a reason."""
        del code

    async def drop_silent(self) -> None:
        """Go on ending the connections of those who have not repeated their list."""
        while True:
            await trio.sleep(min(_LOOK_EVERY_S, self._forget_after_s / 4))
            oldest_s = trio.current_time() - self._forget_after_s
            for subscriber, heard_s in list(self._heard_s.items()):
                if heard_s < oldest_s:
                    subscriber.end(None)
                if subscriber.ended.is_set():
                    del self._heard_s[subscriber]

    def _places(self, symbols: list[str]) -> list[int]:
        found = (self._door.places.get((self._segments.get(symbol, ""), symbol)) for symbol in symbols)
        return [place for place in found if place is not None]
