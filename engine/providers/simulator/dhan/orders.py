"""Dhan's order updates as the exchange plays them: a login, then what it is told to say of orders nobody placed.

``POST /control {"say": {"Data": {"orderNo": …, "status": "TRADED"}, "Type": "order_alert"}}`` makes one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from engine.providers.base import Mode
from engine.providers.simulator.door import Door
from engine.providers.simulator.faults import FaultKind
from engine.providers.simulator.feed_server import Refusal
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.subscriber import Subscriber
from engine.providers.simulator.tape import Event, Trade

ORDERS_PATH: Final = "/orders"
_LOGIN: Final = 42
_INVALID_TOKEN: Final = 901


class _Login(msgspec.Struct, rename="pascal"):
    msg_code: int
    client_id: str
    token: str


class _Request(msgspec.Struct, rename="pascal"):
    login_req: _Login
    user_type: str


class DhanOrderSpeech:
    """It says nothing of prices."""

    packets_per_frame = 1

    def route(self, listing: Listing) -> tuple[str, str] | None:
        del listing
        return None

    def encode(self, listing: Listing, event: Event, mode: Mode) -> list[bytes]:
        del listing, event, mode
        return []

    def welcome(self, listing: Listing, trade: Trade, mode: Mode) -> list[bytes]:
        del listing, trade, mode
        return []

    def frame(self, packets: Sequence[bytes]) -> bytes:
        return b"".join(packets)


class DhanOrderRules:
    """Anybody may come in, and has to log in then."""

    most_connections = 5
    crowded = None
    ping_s = 10.0

    def __init__(self, door: Door, *, client_id: str, token: str) -> None:
        self._door = door
        self._client_id = client_id
        self._token = token

    def status(self, target: str, headers: list[tuple[bytes, bytes]]) -> int | None:
        del target, headers
        return None

    async def obey(self, subscriber: Subscriber, message: str | bytes) -> None:
        """Take a login; whoever is not known is told so and sent away."""
        if not self._is_known(message):
            raise Refusal(_INVALID_TOKEN)
        subscriber.hears = True

    def farewell(self, code: int) -> str:
        error = {"errorCode": f"DH-{code}", "errorMessage": "Client ID or user generated access token is invalid."}
        return _text({"Data": error, "Type": "error"})

    def _is_known(self, message: str | bytes) -> bool:
        try:
            request = msgspec.json.decode(message, type=_Request)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False
        wanted = _Login(_LOGIN, self._client_id, self._token)
        return request.login_req == wanted and not self._door.fails(FaultKind.REFUSE)


def _text(fields: Mapping[str, Any]) -> str:
    return msgspec.json.encode(fields).decode()
