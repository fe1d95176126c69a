"""Dhan's feed of twenty levels as the exchange plays it: books in packets, one for each side."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

from engine.providers.base import Mode
from engine.providers.dhan.codec import SEGMENT_CODES
from engine.providers.dhan.depth_codec import ASK, BID, LEVELS, DepthDisconnect, DepthPacket, encode_depth
from engine.providers.simulator.dhan.feed_requests import (
    BAD_REQUEST,
    BAD_SECURITY_ID,
    TOO_MANY_INSTRUMENTS,
    parse_request,
)
from engine.providers.simulator.door import Door
from engine.providers.simulator.feed_server import Refusal
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.subscriber import Subscriber
from engine.providers.simulator.tape import Event, Trade, ladder

DEPTH_PATH: Final = "/twentydepth"
SEGMENTS: Final = ("NSE_EQ", "NSE_FNO")
MOST_INSTRUMENTS: Final = 50
_SUBSCRIBE: Final = 23
_UNSUBSCRIBE: Final = (24, 25)
"""Dhan's manuals disagree."""
_CLOSE_REQUEST: Final = 12
_UNAUTHORIZED: Final = 401


class DhanDepthSpeech:
    """Two packets for each trade: the book around its price."""

    packets_per_frame = 100

    def route(self, listing: Listing) -> tuple[str, str] | None:
        return (listing.segment, str(listing.security_id)) if listing.segment in SEGMENTS else None

    def encode(self, listing: Listing, event: Event, mode: Mode) -> list[bytes]:
        """The book after a trade; the open interest alone changes none."""
        del mode
        return _book(listing, event) if isinstance(event, Trade) else []

    def welcome(self, listing: Listing, trade: Trade, mode: Mode) -> list[bytes]:
        return self.encode(listing, trade, mode)

    def frame(self, packets: Sequence[bytes]) -> bytes:
        return b"".join(packets)


def _book(listing: Listing, trade: Trade) -> list[bytes]:
    rows = ladder(listing, trade, LEVELS) if trade.depth is None else trade.depth
    bids = tuple((row.bid_price, row.bid_quantity, row.bid_orders) for row in rows)
    asks = tuple((row.ask_price, row.ask_quantity, row.ask_orders) for row in rows)
    segment = SEGMENT_CODES[listing.segment]
    return [
        encode_depth(DepthPacket(code, segment, listing.security_id, side)) for code, side in ((BID, bids), (ASK, asks))
    ]


class DhanDepthRules:
    """Serves those who know the client id and the token, fifty instruments each."""

    most_connections = 5
    crowded = 805
    ping_s = 10.0

    def __init__(self, door: Door, *, client_id: str, token: str) -> None:
        self._door = door
        self._client_id = client_id
        self._token = token

    def status(self, target: str, headers: list[tuple[bytes, bytes]]) -> int | None:
        del headers
        told = {name: values[-1] for name, values in parse_qs(urlsplit(target).query).items()}
        wanted = {"token": self._token, "clientId": self._client_id, "authType": "2"}
        return None if told == wanted else _UNAUTHORIZED

    async def obey(self, subscriber: Subscriber, message: str | bytes) -> None:
        """Subscribe or unsubscribe; what has no such depth is passed over without a word."""
        request = parse_request(message)
        if any(not isinstance(wanted.security_id, str) for wanted in request.instrument_list):
            raise Refusal(BAD_SECURITY_ID)
        keys = [(wanted.exchange_segment, str(wanted.security_id)) for wanted in request.instrument_list]
        places = [self._door.places[key] for key in keys if key[0] in SEGMENTS and key in self._door.places]
        if request.request_code == _SUBSCRIBE:
            self._subscribe(subscriber, places)
        elif request.request_code in _UNSUBSCRIBE:
            for place in places:
                self._door.unsubscribe(subscriber, place, Mode.FULL)
        else:
            raise Refusal(None if request.request_code == _CLOSE_REQUEST else BAD_REQUEST)

    def farewell(self, code: int) -> bytes:
        return encode_depth(DepthDisconnect(code))

    def _subscribe(self, subscriber: Subscriber, places: list[int]) -> None:
        for place in places:
            self._door.subscribe(subscriber, place, Mode.FULL)
        if len(subscriber.modes) > MOST_INSTRUMENTS:
            raise Refusal(TOO_MANY_INSTRUMENTS)
