"""The line: what the hub needs of a client's socket."""

from typing import Protocol


class Line(Protocol):
    """Takes bytes at once or says that it is congested; nothing here waits."""

    @property
    def congested(self) -> bool:
        """Whether the client reads too slowly for more to be written now."""
        ...

    def offer(self, frames: bytes) -> bool:
        """Hands whole frames to the socket, unless it is congested; whether it took them."""
        ...

    def write(self, frames: bytes) -> None:
        """Hands whole frames to the socket, come what may."""
        ...

    def listen(self) -> int:
        """Rounds in a row in which nothing was heard of the client, this one included; pings it for the next."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Begins to close; what is written afterwards is ignored."""
        ...
