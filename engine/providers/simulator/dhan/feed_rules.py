"""Dhan's manners at its live feed: handshake, requests and limits."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

from engine.providers.base import Mode
from engine.providers.dhan.codec import DisconnectPacket, encode
from engine.providers.simulator.dhan.feed_requests import (
    BAD_REQUEST,
    BAD_SECURITY_ID,
    TOO_MANY_INSTRUMENTS,
    WantedInstrument,
    parse_request,
)
from engine.providers.simulator.door import Door
from engine.providers.simulator.feed_server import Refusal
from engine.providers.simulator.subscriber import Subscriber

MOST_CONNECTIONS: Final = 5
MOST_INSTRUMENTS: Final = 5_000
_UNAUTHORIZED: Final = 401
_TOO_MANY_CONNECTIONS: Final = 805
_CLOSE_REQUEST: Final = 12
_SUBSCRIBE: Final[Mapping[int, Mode]] = {15: Mode.TICKER, 17: Mode.QUOTE, 21: Mode.FULL}
_UNSUBSCRIBE: Final[Mapping[int, Mode]] = {code + 1: mode for code, mode in _SUBSCRIBE.items()}


class DhanFeedRules:
    """Serves those who know the client id and the token."""

    most_connections = MOST_CONNECTIONS
    crowded = _TOO_MANY_CONNECTIONS
    ping_s = 10.0

    def __init__(self, door: Door, *, client_id: str, token: str, most_instruments: int = MOST_INSTRUMENTS) -> None:
        self._door = door
        self._client_id = client_id
        self._token = token
        self._most_instruments = most_instruments

    def status(self, target: str, headers: list[tuple[bytes, bytes]]) -> int | None:
        """Version, kind of authentication, client id and token stand in the query."""
        del headers
        told = {name: values[-1] for name, values in parse_qs(urlsplit(target).query).items()}
        if told.get("version") != "2" or told.get("authType") != "2":
            return 400
        known = told.get("token") == self._token and told.get("clientId") == self._client_id
        return None if known else _UNAUTHORIZED

    async def obey(self, subscriber: Subscriber, message: str | bytes) -> None:
        """Subscribe or unsubscribe; instruments nobody knows are passed over without a word, as Dhan does."""
        request = parse_request(message)
        places = [place for instrument in request.instrument_list if (place := self._place(instrument)) is not None]
        if mode := _SUBSCRIBE.get(request.request_code):
            self._subscribe(subscriber, places, mode)
        elif mode := _UNSUBSCRIBE.get(request.request_code):
            for place in places:
                self._door.unsubscribe(subscriber, place, mode)
        else:
            raise Refusal(None if request.request_code == _CLOSE_REQUEST else BAD_REQUEST)

    def farewell(self, code: int) -> bytes:
        return encode(DisconnectPacket(0, 0, code))

    def _subscribe(self, subscriber: Subscriber, places: list[int], mode: Mode) -> None:
        """An index answers ticker mode only, and is silent in any other."""
        for place in places:
            if mode is Mode.TICKER or self._door.exchange.market.listings[place].kind != "index":
                self._door.subscribe(subscriber, place, mode)
        if len(subscriber.modes) > self._most_instruments:
            raise Refusal(TOO_MANY_INSTRUMENTS)

    def _place(self, instrument: WantedInstrument) -> int | None:
        if not isinstance(instrument.security_id, str):
            raise Refusal(BAD_SECURITY_ID)
        return self._door.places.get((instrument.exchange_segment, instrument.security_id))
