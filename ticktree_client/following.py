"""The following: what a client subscribes to and where it stands; messages in, events out. No socket, no clock."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING, Any

from ticktree_client.chains import Chain, Leg, Strike, Wall
from ticktree_client.depths import Depth, DepthLevel
from ticktree_client.events import (
    Candle,
    Conflated,
    Event,
    Hole,
    Message,
    Position,
    Price,
    Refusal,
    Status,
    time_of,
)

if TYPE_CHECKING:
    from datetime import datetime

MOST_CHANNELS = 1_000
REMEMBERED = 500
"""Candles of each channel whose newest revision is known; what comes again is of the last seconds."""
_FOLLOW, _WHERE = 1, 2
"""Numbers of our requests, by which their answers are known."""
_ABOUT_US = frozenset({401, 402, 403, 406})
"""Errors after which the server closes: its close code says what to do, which may be to show a new token."""


class Following:
    """Channels that are followed over any number of connections.

    On each new connection send what ``wish`` gives, and hand every message to ``receive``. ``position`` is where the next
    connection goes on; where the server can not go on from there, a ``Hole`` is told.
    """

    def __init__(self, channels: Sequence[str], since: Position | None = None) -> None:
        if not 0 < len(channels) <= MOST_CHANNELS:
            raise ValueError(f"follow 1 to {MOST_CHANNELS} channels at once, was {len(channels)}")
        self.channels = tuple(channels)
        self.position = since
        self.answered = False
        """Whether the server has answered on the connection that is on."""
        self._has_followed = since is not None
        self._told: dict[str, dict[datetime, int]] = {}

    def wish(self) -> dict[str, Any]:
        """The message that begins a connection."""
        self.answered = False
        message: dict[str, Any] = {"id": _FOLLOW, "action": "subscribe", "channels": list(self.channels)}
        if self.position is not None:
            message["since"] = {"epoch": self.position.epoch, "offset": self.position.offset}
        return message

    def question(self) -> dict[str, Any]:
        """The message that asks where the stream is, for who hears nothing for long: by then his position would be too old."""
        return {"id": _WHERE, "action": "subscribe", "channels": []}

    def receive(self, message: Mapping[str, Any]) -> Iterator[Event]:
        """What a message tells; one that is not known tells nothing."""
        if "channel" in message:
            event = self._push(message)
            if not (isinstance(event, Candle) and self._knows(message["channel"], event)):
                yield event
        elif message.get("action") == "subscribe":
            yield from self._answer(message)
        elif message.get("type") == "position":
            self.position = _position(message)
        elif message.get("type") == "lost":
            yield self._hole(_position(message), "the server lost a part of its stream")
        elif message.get("type") == "error" and message["code"] not in _ABOUT_US:
            about = str(message.get("about") or message.get("symbol") or "")
            yield Refusal(about, message["code"], message["message"], message["temporary"])
        elif message.get("type") == "conflated":
            yield Conflated(message["count"], message["lag_ms"])
        elif message.get("type") == "notice":
            yield Message("", message["message"])

    def _answer(self, message: Mapping[str, Any]) -> Iterator[Event]:
        if message.get("id") == _WHERE:
            self._move(_position(message))
            return
        self.answered = True
        for result in message["results"]:
            if not result["ok"]:
                error = result["error"]
                yield Refusal(result["channel"], error["code"], error["message"], error["temporary"])
        if message.get("recovered") is True:
            return
        if self._has_followed:
            yield self._hole(_position(message), "the server could not go on from where we were")
        self._has_followed = True
        self.position = _position(message)

    def _move(self, here: Position | None) -> None:
        """All before this answer has been told. What the stream is called since a loss counts when the loss has been told."""
        if self.position is not None and here is not None and here.epoch == self.position.epoch:
            self.position = here

    def _hole(self, at: Position | None, why: str) -> Hole:
        after, self.position = self.position, at
        self._told.clear()  # a server that was restarted may count revisions anew
        return Hole(self.channels, after, at, why)

    def _knows(self, channel: str, candle: Candle) -> bool:
        """Whether this revision was told: what closed just before our position may come again from the server's stores."""
        if candle.state == "forming":
            return False
        told = self._told.setdefault(channel, {})
        if told.get(candle.time, -1) >= candle.revision:
            return True
        told[candle.time] = candle.revision
        if len(told) > REMEMBERED:
            del told[next(iter(told))]
        return False

    def _push(self, message: Mapping[str, Any]) -> Event:
        channel, offset, data = message["channel"], message.get("offset"), message["data"]
        here: Position | None = None
        if offset is not None and self.position is not None:
            here = self.position = Position(self.position.epoch, offset)
        make = _EVENTS.get(channel.partition(".")[0])
        return Message(channel, data, here) if make is None else make(data, here)


def candle_of(data: Mapping[str, Any], position: Position | None) -> Candle:
    """A candle as it is pushed."""
    return Candle(
        data["symbol"],
        data["timeframe"],
        time_of(data["time"]),
        data["open"],
        data["high"],
        data["low"],
        data["close"],
        data["volume"],
        data["oi"],
        data["state"],
        data["rev"],
        data["source"],
        position,
    )


def _price(data: Mapping[str, Any], _: Position | None) -> Price:
    named = {"symbol", "ltp", "size", "volume", "timestamp"}
    more = {name: value for name, value in data.items() if name not in named}
    return Price(data["symbol"], data["ltp"], data["size"], data["volume"], time_of(data["timestamp"]), more)


def _status(data: Mapping[str, Any], _: Position | None) -> Status:
    return Status(data["status"], time_of(data["since"]), data["why"], data["symbol"] or "", data["feed"] or "")


def _position(message: Mapping[str, Any]) -> Position | None:
    told = message.get("position")
    return None if told is None else Position(told["epoch"], told["offset"])


def chain_of(data: Mapping[str, Any], _: Position | None = None) -> Chain:
    """A chain as it is pushed, and answered; what a newer server adds is left out."""
    return Chain(
        **{name: data[name] for name in _FIGURES},
        expiry=date.fromisoformat(data["expiry"]),
        expires_at=time_of(data["expires_at"]),
        as_of=time_of(data["as_of"]),
        day=_date(data["day"]),
        previous_day=_date(data["previous_day"]),
        ce_walls=_walls(data["ce_walls"]),
        pe_walls=_walls(data["pe_walls"]),
        strikes=tuple(Strike(one["strike"], _leg(one["ce"]), _leg(one["pe"])) for one in data["strikes"]),
        degraded=data.get("degraded", ""),
    )


def depth_of(data: Mapping[str, Any], _: Position | None = None) -> Depth:
    """A depth as it is pushed, and answered; what a newer server adds is left out."""
    return Depth(
        instrument=data["instrument"],
        bids=_levels(data["bids"]),
        asks=_levels(data["asks"]),
        time=None if data["ts_recv"] is None else time_of(data["ts_recv"]),
        source=data["source"],
        failed=data.get("failed", ""),
    )


def _levels(told: Sequence[Mapping[str, Any]]) -> tuple[DepthLevel, ...]:
    return tuple(DepthLevel(one["price"], one["quantity"], one["orders"]) for one in told)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _walls(told: Sequence[Mapping[str, Any]]) -> tuple[Wall, ...]:
    return tuple(Wall(one["strike"], one["oi"]) for one in told)


def _leg(data: Mapping[str, Any] | None) -> Leg | None:
    return None if data is None else Leg(**{name: data[name] for name in _LEG})


_LEG = tuple(field.name for field in fields(Leg))
_READ = {"expiry", "expires_at", "as_of", "day", "previous_day", "ce_walls", "pe_walls", "strikes", "degraded"}
"""Of a chain, by what is made of them."""
_FIGURES = tuple(field.name for field in fields(Chain) if field.name not in _READ)
_EVENTS: Mapping[str, Callable[[Mapping[str, Any], Position | None], Event]] = {
    "candle": candle_of,
    "chain": chain_of,
    "depth": depth_of,
    "ltp": _price,
    "tick": _price,
    "quote": _price,
    "status": _status,
}
