"""The contract of a dialect: one way of writing the same commands, answers and pushes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from web.protocol.channels import Channel, Kind
from web.protocol.encoding import Encoding
from web.protocol.errors import Problem
from web.protocol.messages import Command, Position, RequestId, Subscribed
from web.protocol.values import Status, Value

Message = dict[str, Any]
Render = Callable[[Channel, str, Value, str | None], Message]
"""Makes the push of a value: the channel, the instrument's canonical name, the value, its offset when it is of a stream."""


class Dialect(Protocol):
    """Plain functions over plain objects; a dialect keeps no state, so one object serves all clients."""

    name: str
    renders: Mapping[Kind, Render]
    """How this dialect writes the values of the channels it has."""

    def parse(self, message: Message) -> Command:
        """What a client asks, or RequestError."""
        ...

    def problem(self, problem: Problem) -> Message: ...

    def authenticated(self, request: RequestId) -> Message: ...

    def pong(self, request: RequestId) -> Message: ...

    def subscribed(self, answer: Subscribed) -> Sequence[Message]: ...

    def status(self, status: Status) -> Message:
        """What every client is told, whatever it follows."""
        ...

    def lost(self, position: Position | None) -> Sequence[Message]:
        """Entries of streams are missing before ``position``: what the client keeps has to be read anew."""
        ...

    def position(self, position: Position) -> Sequence[Message]:
        """Everything up to here has been told, where that is not said with each push."""
        ...

    def conflated(self, count: int, lag_ms: int) -> Message: ...

    def notice(self, text: str) -> Message: ...

    def part(self, encoding: Encoding, push: Message) -> bytes:
        """A push as ``join`` takes it; made once for all clients that read it."""
        ...

    def join(self, encoding: Encoding, parts: Sequence[bytes]) -> bytes:
        """Pushes as the frame, or frames, that carry them to one client."""
        ...
