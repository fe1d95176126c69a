"""Doubts: prices that were not believed, and who decides about them."""

from actors.messages.message import Message
from engine.market.quarantine import Fate, Quarantined
from engine.market.tick import Tick


class Doubted(Message, frozen=True, gc=False):
    """What was not believed at once, or what became of it."""

    entries: tuple[Quarantined, ...]


class TickRefused(Message, frozen=True, gc=False):
    """A tick was no observation at all, and why."""

    instrument: str
    why: str


class HeldLost(Message, frozen=True, gc=False):
    """The actor of an instrument begins anew: ticks that the one before it held are gone."""

    instrument: str


class AppealDue(Message, frozen=True, gc=False):
    """The ticks have had their time to decide what is held; to oneself, again and again until it is heard."""


class Appealed(Message, frozen=True, gc=False):
    """An instrument holds ticks that no other tick decides: what does a second source say? Asked then (ns UTC)."""

    instrument: str
    asked_ns: int


class SecondOpinion(Message, frozen=True, gc=False):
    """An instrument's last price, from a second source, and when the instrument asked for it (ns UTC)."""

    price: float
    asked_ns: int


class Overrule(Message, frozen=True, gc=False):
    """An operator decides all that an instrument holds now; answers whether it held anything."""

    release: bool


class Admit(Message, frozen=True, gc=False):
    """Take in a tick that was discarded before; answers whether its minute was still open."""

    tick: Tick


class Decide(Message, frozen=True, gc=False):
    """An operator's word on an entry of the quarantine."""

    id: int
    status: Fate
    decided_by: str
