"""Carriage: whose ticks one instrument takes, and how that passes from one provider to another."""

from enum import Enum, auto

from engine.market.calendar import Calendar
from engine.market.tick import Tick

POLLED = "/polled"
"""Ends the provider's name in a tick that is its answer to a question. It has no total: whose it would be is not sure."""


class Turn(Enum):
    """What is to be done with a tick while more than one provider tells of an instrument."""

    TAKE = auto()
    LISTEN = auto()
    """Its total is what the first tick of the next bucket will be measured against; it makes no candle."""
    SUCCEED = auto()
    """The first of a provider that takes over in an emergency: from this one on its ticks are taken."""
    IGNORE = auto()


class Carriage:
    """One provider carries an instrument; the ticks of others are ignored.

    A planned move waits for a border: the heir is listened to until the end of the minute in which it was heard first.
    What was traded before that border is told by the incumbent however late it comes, what was traded after it by the
    heir, so that no minute has two cumulative bases. In an emergency the heir's first tick is taken at once.
    """

    __slots__ = ("_carrier", "_heir", "_is_urgent", "border_ns", "heard")

    def __init__(self, carrier: str) -> None:
        self._carrier = carrier
        self._heir = ""
        self._is_urgent = False
        self.border_ns = 0
        """From when on a planned move gives the trades to the heir; 0 while it was not heard, or nothing moves."""
        self.heard = carrier
        """Whose ticks are taken without any question; nobody's while a planned move goes on."""

    @property
    def heir(self) -> str:
        """Who takes over; empty while nothing moves."""
        return self._heir

    def move(self, heir: str, *, urgent: bool) -> None:
        """Another provider is to carry: from a border on, or ``urgent``, at its first tick. A newer wish replaces an older.

        What was urgent stays so when it is wished again.
        """
        if heir == self._carrier:
            self._heir, self.border_ns, self.heard = "", 0, heir
            return
        if heir != self._heir:
            self.border_ns, self._is_urgent = 0, False
        self._heir, self._is_urgent = heir, urgent or self._is_urgent
        self.heard = self._carrier if self._is_urgent else ""

    def turn(self, tick: Tick, calendar: Calendar) -> Turn:
        """What to do with a tick whose provider is not the one that is ``heard``."""
        if tick.provider == self._heir:
            return Turn.SUCCEED if self._is_urgent else self._of_heir(tick, calendar)
        return Turn.TAKE if self.takes(tick) else Turn.IGNORE

    def _of_heir(self, tick: Tick, calendar: Calendar) -> Turn:
        if not self.border_ns:
            minute = calendar.bucket("1m", tick.ts_recv)
            self.border_ns = tick.ts_recv if minute is None else minute.end_ns
        return Turn.TAKE if self.takes(tick) else Turn.LISTEN

    def takes(self, tick: Tick) -> bool:
        """Whether a tick counts, by the provider it is from and the time of its trade."""
        if tick.provider.endswith(POLLED):
            return True
        if tick.provider == self._carrier:
            return not self.border_ns or tick.ts_event < self.border_ns
        return tick.provider == self._heir and 0 < self.border_ns <= tick.ts_event

    def is_due(self, watermark_ns: int) -> bool:
        """Whether a planned move's border lies behind: nothing of the incumbent's is to come any more."""
        return 0 < self.border_ns <= watermark_ns

    def complete(self) -> None:
        """The heir is the one that carries."""
        self._carrier, self._heir, self.border_ns = self._heir, "", 0
        self.heard = self._carrier
