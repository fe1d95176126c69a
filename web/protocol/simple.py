"""The simple dialect (``message_type``): a symbol in, the day so far out; one object a frame."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from web.protocol.channels import Channel, Kind, data_channel
from web.protocol.dialect import Message, Render
from web.protocol.encoding import Encoding
from web.protocol.errors import Problem, RequestError
from web.protocol.messages import Command, Ping, Position, RequestId, Subscribe, Subscribed, Unsubscribe
from web.protocol.requests import credentials, text
from web.protocol.values import PriceValue, Status, Value

KEY = "message_type"


def render_day(channel: Channel, instrument: str, value: Value, _offset: str | None) -> Message:
    """The day so far, under the symbol as the client wrote it."""
    assert isinstance(value, PriceValue)
    return {
        KEY: "data",
        "symbol": channel.symbol,
        "instrument": instrument,
        "timestamp": _moment(value.ts_event),
        "open": value.day_open,
        "high": value.day_high,
        "low": value.day_low,
        "close": value.price,
        "volume": value.volume,
        "previous_close": value.previous_close,
        "adj_close": None,
        "delivery_percentage": None,
    }


class SimpleDialect:
    """Commands ``auth``, ``subscribe``, ``unsubscribe`` and ``ping``; pushes ``data``, ``info`` and ``error``."""

    name = "simple"
    renders: Mapping[Kind, Render] = {Kind.DATA: render_day}

    def parse(self, message: Message) -> Command:
        match message.get(KEY):
            case "subscribe":
                return Subscribe((data_channel(text(message, "channel")),))
            case "unsubscribe":
                return Unsubscribe((data_channel(text(message, "channel")),))
            case "auth":
                return credentials(message)
            case "ping":
                return Ping()
            case _:
                raise RequestError.syntax("unknown message_type; send subscribe, unsubscribe, auth or ping")

    def problem(self, problem: Problem) -> Message:
        told: Message = {KEY: "error", "code": int(problem.code), "message": problem.message}
        return told if problem.symbol is None else told | {"symbol": problem.symbol}

    def authenticated(self, request: RequestId) -> Message:  # noqa: ARG002 - the simple dialect numbers nothing
        return self.notice("Authenticated")

    def pong(self, request: RequestId) -> Message:  # noqa: ARG002
        return self.notice("pong")

    def subscribed(self, answer: Subscribed) -> Sequence[Message]:
        verb = "Subscribed to" if answer.action == "subscribe" else "Unsubscribed from"
        return [
            self.notice(f"{verb} {outcome.name}") if outcome.problem is None else self.problem(outcome.problem)
            for outcome in answer.outcomes
        ]

    def status(self, status: Status) -> Message:
        about = status.symbol or status.feed or "prices"
        told = self.notice(f"{about}: {status.status} ({status.why})" if status.why else f"{about}: {status.status}")
        return told | {"status": status.status, "since": status.since_ms}

    def lost(self, position: Position | None) -> Sequence[Message]:  # noqa: ARG002 - it has no streams to lose
        return []

    def position(self, position: Position) -> Sequence[Message]:  # noqa: ARG002
        return []

    def conflated(self, count: int, lag_ms: int) -> Message:
        return self.notice("conflated") | {"conflated": count, "lag_ms": lag_ms}

    def notice(self, text: str) -> Message:
        return {KEY: "info", "message": text}

    def part(self, encoding: Encoding, push: Message) -> bytes:
        """A frame of its own."""
        return encoding.frame(encoding.encode(push))

    def join(self, encoding: Encoding, parts: Sequence[bytes]) -> bytes:  # noqa: ARG002
        """All frames, written together."""
        return b"".join(parts)


def _moment(time_ns: int) -> str:
    moment = datetime.fromtimestamp(time_ns / 1e9, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


SIMPLE = SimpleDialect()
