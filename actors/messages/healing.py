"""Healing: what may be missing, whose history may be asked for it, and what it says."""

from actors.messages.message import Message
from engine.market.candle import Candle
from engine.providers.base import Route


class Interrupted(Message, frozen=True, gc=False):
    """What one instrument traded between two times may be missing; times in ns UTC."""

    instrument: str
    start_ns: int
    end_ns: int
    known: bool = False
    """The instrument says so itself and need not be told."""


class Heal(Message, frozen=True, gc=False):
    """What the provider's history says about one instrument.

    ``revisions`` are closed candles to publish; ``minutes`` are all one-minute candles of the trading day before
    ``through_ns``, of which the forming derived candles are made anew.
    """

    revisions: tuple[Candle, ...]
    minutes: tuple[Candle, ...]
    through_ns: int


class HealDue(Message, frozen=True, gc=False):
    """A gap may be tried now."""


class NoteGaps(Message, frozen=True, gc=False):
    """Note which gaps are open."""


class Scan(Message, frozen=True, gc=False):
    """Compare what should be there with what is."""


class Backfill(Message, frozen=True, gc=False):
    """Read this stretch of history again, of these instruments or, when none is named, of all; ns UTC."""

    instruments: tuple[str, ...]
    start_ns: int
    end_ns: int


class CoverWanted(Message, frozen=True, gc=False):
    """The resolver begins anew after a crash and knows no routes."""


class Covered(Message, frozen=True, gc=False):
    """The resolver's routes: all instruments whose history a provider may be asked for, carried by its feed or not."""

    provider: str
    routes: tuple[Route, ...]
