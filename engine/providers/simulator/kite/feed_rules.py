"""Kite's manners at its ticker: handshake, requests and limits."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import parse_qs, urlsplit

import msgspec

from engine.providers.base import Mode
from engine.providers.kite.codec import SEGMENT_NAMES
from engine.providers.kite.planner import LIMITS, MODES
from engine.providers.simulator.door import Door
from engine.providers.simulator.subscriber import Subscriber

_AFTER_SUBSCRIBING: Final = Mode.QUOTE


class _Request(msgspec.Struct):
    a: str
    v: list[Any] = []


class KiteFeedRules:
    """Serves those who know the API key and the access token."""

    most_connections = LIMITS.connections
    crowded = None
    ping_s = 10.0

    def __init__(self, door: Door, *, api_key: str, token: str) -> None:
        self._door = door
        self._api_key = api_key
        self._token = token

    def status(self, target: str, headers: list[tuple[bytes, bytes]]) -> int | None:
        """Key and token stand in the query; one connection too many is not let in."""
        del headers
        told = {name: values[-1] for name, values in parse_qs(urlsplit(target).query).items()}
        if told.get("access_token") != self._token or told.get("api_key") != self._api_key:
            return HTTPStatus.FORBIDDEN
        full = self._door.statistics().clients >= self.most_connections
        return HTTPStatus.TOO_MANY_REQUESTS if full else None

    async def obey(self, subscriber: Subscriber, message: str | bytes) -> None:
        """Subscribe, unsubscribe or change modes; what is not understood is told in words."""
        try:
            request = msgspec.json.decode(message, type=_Request)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            subscriber.say(error_text("the request is no JSON of a and v"))
            return
        match request:
            case _Request("subscribe", tokens):
                self._subscribe(subscriber, tokens)
            case _Request("unsubscribe", tokens):
                self._leave(subscriber, tokens)
            case _Request("mode", [str(name), tokens]) if name in MODES:
                self._put(subscriber, tokens, MODES[name])
            case _:
                subscriber.say(error_text(f"unknown request {request.a[:40]}"))

    def farewell(self, code: int) -> str:
        return error_text(f"the connection ends ({code})")

    def _subscribe(self, subscriber: Subscriber, tokens: list[Any]) -> None:
        for place in self._places(tokens):
            if place in subscriber.modes:
                continue
            if len(subscriber.modes) >= LIMITS.instruments_per_connection:
                subscriber.say(error_text(f"more than {LIMITS.instruments_per_connection} instruments"))
                return
            self._door.subscribe(subscriber, place, _AFTER_SUBSCRIBING)

    def _leave(self, subscriber: Subscriber, tokens: list[Any]) -> None:
        for place in self._places(tokens):
            for mode in list(subscriber.modes.get(place, ())):
                self._door.unsubscribe(subscriber, place, mode)

    def _put(self, subscriber: Subscriber, tokens: Any, mode: Mode) -> None:
        """Only what is subscribed has a mode, and it has one."""
        for place in self._places(tokens):
            others = subscriber.modes.get(place, set()) - {mode}
            if mode not in subscriber.modes.get(place, {mode}):
                self._door.subscribe(subscriber, place, mode)
            for other in others:
                self._door.unsubscribe(subscriber, place, other)

    def _places(self, tokens: Any) -> Iterator[int]:
        """Tokens nobody knows, and those written as text, are passed over without a word, as Kite does."""
        for token in cast("list[Any]", tokens) if isinstance(tokens, list) else ():
            if not isinstance(token, int):
                continue
            route = (SEGMENT_NAMES.get(token & 0xFF, ""), str(token >> 8))
            if (place := self._door.places.get(route)) is not None:
                yield place


def error_text(text: str) -> str:
    """An error as the ticker tells it."""
    return msgspec.json.encode({"type": "error", "data": text}).decode()
