"""The full dialect (``action``): many channels a request, numbered answers, pushes joined into arrays."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from web.protocol.channels import Channel, Kind, parse_channel
from web.protocol.dialect import Message, Render
from web.protocol.encoding import Encoding
from web.protocol.errors import Problem, RequestError
from web.protocol.messages import (
    Command,
    Outcome,
    Ping,
    Position,
    RequestId,
    Subscribe,
    Subscribed,
    Unsubscribe,
)
from web.protocol.requests import credentials, request_id
from web.protocol.values import CandleValue, ChainValue, DepthValue, Notice, PriceValue, Status, Value, candle_row

KEY = "action"
CHANNELS_PER_REQUEST = 1000
_OFFSET = re.compile(r"[0-9]{1,15}-[0-9]{1,18}")
_STATUS = Channel("status", Kind.STATUS)


def render_ltp(channel: Channel, instrument: str, value: Value, offset: str | None) -> Message:
    """The newest price; ``timestamp`` in milliseconds UTC."""
    assert isinstance(value, PriceValue)
    data = {
        "instrument": instrument,
        "symbol": channel.symbol,
        "ltp": value.price,
        "size": value.size,
        "volume": value.volume,
        "timestamp": value.ts_event // 1_000_000,
    }
    return {"channel": channel.name, "offset": offset, "data": data}


def render_tick(channel: Channel, instrument: str, value: Value, offset: str | None) -> Message:
    """The newest trade with what was bid and asked; ``timestamp`` in milliseconds UTC."""
    assert isinstance(value, PriceValue)
    told = render_ltp(channel, instrument, value, offset)
    told["data"] |= {"oi": value.oi, "bid": value.bid, "ask": value.ask}
    return told


def render_quote(channel: Channel, instrument: str, value: Value, offset: str | None) -> Message:
    """The newest price with all that is known of the day; ``timestamp`` in milliseconds UTC."""
    assert isinstance(value, PriceValue)
    told = render_tick(channel, instrument, value, offset)
    told["data"] |= {
        "open": value.day_open,
        "high": value.day_high,
        "low": value.day_low,
        "previous_close": value.previous_close,
    }
    return told


def render_notice(channel: Channel, _instrument: str, value: Value, offset: str | None) -> Message:
    """What happened, as it was told."""
    assert isinstance(value, Notice)
    return {"channel": channel.name, "offset": offset, "data": value.data}


def render_candle(channel: Channel, instrument: str, value: Value, offset: str | None) -> Message:
    """A candle; ``time`` is its open in milliseconds UTC. ``view`` says how it is shown, where that was asked for."""
    assert isinstance(value, CandleValue)
    data: Message = {
        "instrument": instrument,
        "symbol": channel.symbol,
        "timeframe": value.timeframe,
        **candle_row(value),
        "oi": value.oi,
        "source": value.source,
    }
    if channel.view is not None:
        data["view"] = channel.view.label
    return {"channel": channel.name, "offset": offset, "data": data}


def render_chain(channel: Channel, _instrument: str, value: Value, offset: str | None) -> Message:
    """All legs of an option chain at one instant."""
    assert isinstance(value, ChainValue)
    return {"channel": channel.name, "offset": offset, "data": value.data}


def render_depth(channel: Channel, _instrument: str, value: Value, offset: str | None) -> Message:
    """Both sides of a book, best prices first; ``ts_recv`` in milliseconds UTC."""
    assert isinstance(value, DepthValue)
    return {"channel": channel.name, "offset": offset, "data": value.data}


def render_status(channel: Channel, _instrument: str, value: Value, offset: str | None) -> Message:
    """A status; ``since`` in milliseconds UTC."""
    assert isinstance(value, Status)
    data = {
        "status": value.status,
        "since": value.since_ms,
        "why": value.why,
        "cause": value.cause,
        "symbol": channel.symbol or value.symbol,
        "instrument": value.symbol,
        "feed": value.feed,
    }
    return {"channel": channel.name, "offset": offset, "data": data}


class FullDialect:
    """Commands ``auth``, ``subscribe``, ``unsubscribe`` and ``ping``, each with an ``id`` that its answer repeats."""

    name = "full"
    renders: Mapping[Kind, Render] = {
        Kind.LTP: render_ltp,
        Kind.TICK: render_tick,
        Kind.QUOTE: render_quote,
        Kind.CANDLE: render_candle,
        Kind.CHAIN: render_chain,
        Kind.DEPTH: render_depth,
        Kind.STATUS: render_status,
        **dict.fromkeys((Kind.JOBS, Kind.ALERTS, Kind.ORDERS, Kind.SYS, Kind.SCREENING), render_notice),
    }

    def parse(self, message: Message) -> Command:
        request = request_id(message)
        match message.get(KEY):
            case "subscribe":
                return Subscribe(_items(message, request), _since(message, request), request)
            case "unsubscribe":
                return Unsubscribe(_items(message, request), request)
            case "auth":
                return credentials(message, request)
            case "ping":
                return Ping(request)
            case _:
                raise RequestError.syntax("unknown action; send subscribe, unsubscribe, auth or ping", id=request)

    def problem(self, problem: Problem) -> Message:
        told: Message = {
            "type": "error",
            "code": int(problem.code),
            "message": problem.message,
            "temporary": problem.temporary,
            "id": problem.id,
            "symbol": problem.symbol,
        }
        return told if problem.channel is None else told | {"about": problem.channel}

    def authenticated(self, request: RequestId) -> Message:
        return {"id": request, "action": "auth", "ok": True}

    def pong(self, request: RequestId) -> Message:
        return {"id": request, "action": "pong"}

    def subscribed(self, answer: Subscribed) -> Sequence[Message]:
        told: Message = {
            "id": answer.id,
            "action": answer.action,
            "results": [_result(outcome) for outcome in answer.outcomes],
            "channels": list(answer.channels),
            "position": _position(answer.position),
        }
        return [told if answer.recovered is None else told | {"recovered": answer.recovered}]

    def status(self, status: Status) -> Message:
        return render_status(_STATUS, "", status, None)

    def lost(self, position: Position | None) -> Sequence[Message]:
        return [{"type": "lost", "recovered": False, "position": _position(position)}]

    def position(self, position: Position) -> Sequence[Message]:
        return [{"type": "position", "position": _position(position)}]

    def conflated(self, count: int, lag_ms: int) -> Message:
        return {"type": "conflated", "count": count, "lag_ms": lag_ms}

    def notice(self, text: str) -> Message:
        return {"type": "notice", "message": text}

    def part(self, encoding: Encoding, push: Message) -> bytes:
        """An element of the array."""
        return encoding.encode(push)

    def join(self, encoding: Encoding, parts: Sequence[bytes]) -> bytes:
        """One frame that holds them all."""
        return encoding.frame(encoding.array(parts))


FULL = FullDialect()


def _items(message: Message, request: RequestId) -> tuple[Any, ...]:
    names = message.get("channels")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):  # pyright: ignore[reportUnknownVariableType]
        raise RequestError.syntax('"channels" must be a list of names', id=request)
    if len(names) > CHANNELS_PER_REQUEST:  # pyright: ignore[reportUnknownArgumentType]
        raise RequestError.syntax(f"at most {CHANNELS_PER_REQUEST} channels a request", id=request)
    return tuple(parse_channel(str(name)) for name in dict.fromkeys(names))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _since(message: Message, request: RequestId) -> Position | None:
    match message.get("since"):
        case None:
            return None
        case {"epoch": str() as epoch, "offset": str() as offset} if _OFFSET.fullmatch(offset):
            return Position(epoch, offset)
        case _:
            raise RequestError.syntax(
                '"since" must be {"epoch", "offset"} as a push or an answer gave them', id=request
            )


def _result(outcome: Outcome) -> Message:
    if outcome.problem is None:
        told: Message = {"channel": outcome.name, "ok": True, "instrument": outcome.instrument}
        told |= {"note": outcome.note} if outcome.note else {}
        return told if outcome.status is None else told | {"status": _told(outcome.status)}
    problem = outcome.problem
    return {
        "channel": outcome.name,
        "ok": False,
        "error": {"code": int(problem.code), "message": problem.message, "temporary": problem.temporary},
    }


def _told(status: Status) -> Message:
    return {"status": status.status, "since": status.since_ms, "why": status.why, "cause": status.cause}


def _position(position: Position | None) -> Message | None:
    return None if position is None else {"epoch": position.epoch, "offset": position.offset}
