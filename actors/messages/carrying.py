"""Carrying: which provider's feed brings an instrument's ticks, and how that changes."""

from collections.abc import Mapping

from actors.messages.message import Message
from engine.market.feed_health import Health
from engine.market.tick import Tick


class Carry(Message, frozen=True, gc=False):
    """To an instrument: this provider carries you from the next border on, or ``urgent``, from its first tick on.

    ``since_ns`` is when the provider before it was last known to be well, where it is no more.
    """

    provider: str
    segment_key: str
    """Its name for the instrument, as in ``NSE_EQ:1333``."""
    urgent: bool = False
    since_ns: int = 0


class ProviderHealth(Message, frozen=True, gc=False):
    """How providers serve exchanges from now on, by provider and exchange."""

    healths: Mapping[tuple[str, str], Health]


class HealthWanted(Message, frozen=True, gc=False):
    """Whoever decides who carries what begins anew and knows nobody's health."""


class LookAtHealth(Message, frozen=True, gc=False):
    """See who is well."""


class Carried(Message, frozen=True, gc=False):
    """Who carries each instrument from now on; while a planned move goes on, whom it leaves still does so, too."""

    carriers: Mapping[str, str]
    leaving: Mapping[str, str]
    uncarried: tuple[str, ...] = ()
    """Those that no provider has room for."""


class CarriersWanted(Message, frozen=True, gc=False):
    """Somebody begins anew and does not know who carries what."""


class MoveOver(Message, frozen=True, gc=False):
    """The time in which both carry these instruments is over."""

    source: str
    instruments: tuple[str, ...]


class CarriedCounts(Message, frozen=True, gc=False):
    """How many instruments of each exchange each provider carries, and the newest moves with why they were made."""

    counts: Mapping[str, Mapping[str, int]]
    uncarried: int
    moves: tuple[Mapping[str, object], ...]


class Measured(Message, frozen=True, gc=False):
    """What each provider's ticks and minutes were like lately, by provider: ``lag_ms``, ``lag_p95_ms``, ``complete``."""

    measures: Mapping[str, Mapping[str, float]]


class Stranded(Message, frozen=True, gc=False):
    """The instruments that no feed brings at present, each with why; none when all are brought again."""

    instruments: Mapping[str, str]


class Polled(Message, frozen=True, gc=False):
    """The instruments whose prices are asked for at present, because no feed brings them."""

    instruments: tuple[str, ...]


class PolledTick(Message, frozen=True, gc=False):
    """To an instrument that no feed brings: what a provider said when it was asked. Trades in between were not seen."""

    tick: Tick


class PolledPrice(Message, frozen=True, gc=False):
    """To an option that no feed has room for: what was said of it with its chain, as a tick without a total."""

    tick: Tick


class WatchedOnes(Message, frozen=True, gc=False):
    """All instruments that somebody looks at now."""

    instruments: frozenset[str]


class Compare(Message, frozen=True, gc=False):
    """See whether providers agree on prices."""
