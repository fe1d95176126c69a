"""Silence: who carries what, who was heard, and why somebody is not."""

from actors.messages.message import Message
from engine.market.diagnosis import Cause
from engine.market.tick import Tick
from engine.providers.base import Route


class LineCarries(Message, frozen=True, gc=False):
    """What a connection carries from now on, instead of what it carried before."""

    provider: str
    connection: int
    routes: tuple[Route, ...]


class LinesWanted(Message, frozen=True, gc=False):
    """The sentinel begins anew and knows no connections."""


class LineHeard(Message, frozen=True, gc=False):
    """The newest tick of each instrument that a connection has heard since it last told."""

    provider: str
    connection: int
    ticks: dict[str, Tick]


class SymbolStatus(Message, frozen=True, gc=False):
    """How some instruments are, all for the same reason, since when (ns): a status of the contract and its cause."""

    instruments: tuple[str, ...]
    status: str
    since_ns: int
    why: str
    cause: Cause


class Diagnosed(Message, frozen=True, gc=False):
    """How many instruments there are of each cause."""

    counts: dict[str, int]
