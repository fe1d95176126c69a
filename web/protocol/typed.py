"""What the two dialects of the ``type`` family share; and who has said nothing yet that tells them apart."""

from collections.abc import Mapping, Sequence

from web.protocol.channels import Kind
from web.protocol.dialect import Message, Render
from web.protocol.encoding import Encoding
from web.protocol.errors import Problem, RequestError
from web.protocol.messages import Command, Ping, Position, RequestId, Subscribed
from web.protocol.requests import credentials
from web.protocol.values import Status

KEY = "type"


class TypedDialect:
    """Commands ``auth`` and ``ping``; answers and notices that carry a ``type``; one object a frame."""

    name = "typed"
    renders: Mapping[Kind, Render] = {}
    known = "get_history or subscribe"
    """What may be asked, for whom asks something else."""

    def parse(self, message: Message) -> Command:
        match message.get(KEY):
            case "auth":
                return credentials(message)
            case "ping":
                return Ping()
            case _:
                raise RequestError.syntax(f"unknown type; send {self.known}, auth or ping")

    def problem(self, problem: Problem) -> Message:
        told: Message = {
            KEY: "error",
            "code": int(problem.code),
            "message": problem.message,
            "temporary": problem.temporary,
        }
        return told if problem.symbol is None else told | {"symbol": problem.symbol}

    def authenticated(self, request: RequestId) -> Message:  # noqa: ARG002 - this family numbers nothing
        return {KEY: "authenticated"}

    def pong(self, request: RequestId) -> Message:  # noqa: ARG002
        return {KEY: "pong"}

    def subscribed(self, answer: Subscribed) -> Sequence[Message]:  # noqa: ARG002 - nothing can be followed yet
        return []

    def status(self, status: Status) -> Message:
        return {
            KEY: "status",
            "status": status.status,
            "since": status.since_ms,
            "why": status.why,
            "cause": status.cause,
            "symbol": status.symbol,
            "feed": status.feed,
        }

    def lost(self, position: Position | None) -> Sequence[Message]:  # noqa: ARG002 - it has no positions
        return [{KEY: "lost", "recovered": False}]

    def position(self, position: Position) -> Sequence[Message]:  # noqa: ARG002
        return []

    def conflated(self, count: int, lag_ms: int) -> Message:
        return {KEY: "conflated", "count": count, "lag_ms": lag_ms}

    def notice(self, text: str) -> Message:
        return {KEY: "notice", "message": text}

    def part(self, encoding: Encoding, push: Message) -> bytes:
        """A frame of its own."""
        return encoding.frame(encoding.encode(push))

    def join(self, encoding: Encoding, parts: Sequence[bytes]) -> bytes:  # noqa: ARG002
        """All frames, written together."""
        return b"".join(parts)


TYPED = TypedDialect()
