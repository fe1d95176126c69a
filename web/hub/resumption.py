"""A client's wish to go on where it was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from web.hub.outbox import Outbox
from web.protocol import CandleValue, Channel, Position, Subscribed, Value


@dataclass(slots=True, eq=False)
class Resumption:
    """Channels that carry streams, each with its instrument, to be followed from ``since`` on.

    ``answer`` is what the client will be told, but for the outcome; ``done`` is called when it has been told. ``seen`` are
    the revisions of candles that it has been told of since, by their open: those are not told again.
    """

    outbox: Outbox
    channels: tuple[tuple[Channel, str], ...]
    since: Position
    answer: Subscribed
    done: Callable[[], None]
    seen: Mapping[int, int] = field(default_factory=dict[int, int])
    cancelled: bool = False

    def knows(self, value: Value) -> bool:
        """Whether the client has been told of this revision, or of a later one."""
        return isinstance(value, CandleValue) and self.seen.get(value.time, -1) >= value.revision

    def cancel(self) -> None:
        self.cancelled = True
