"""The newest of everything: conflates ticks by instrument until the publisher takes them."""

from typing import ClassVar

from actors.messages import TakeNewest
from engine.market import Tick
from engine.runtime import Actor, MailboxSpec, Overflow, handles


class Broadcaster(Actor):
    """Keeps one tick an instrument, however many come: what it holds is bounded by the number of instruments.

    It is reactive because every tick of every instrument passes here; the publisher waits for the store in its place.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=100_000, overflow=Overflow.DROP_OLDEST)
    drains: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._ticks: dict[str, Tick] = {}

    @handles(Tick)
    def on_tick(self, tick: Tick) -> None:
        self._ticks[tick.instrument] = tick

    @handles(TakeNewest)
    def on_take_newest(self, _: TakeNewest) -> dict[str, Tick]:
        """The newest tick of each instrument that had one since the last time."""
        ticks, self._ticks = self._ticks, {}
        return ticks
