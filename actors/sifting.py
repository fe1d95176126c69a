"""Sifting: what providers answer passes the sieve, and the quarantine hears of what stayed in it."""

from collections.abc import Callable, Sequence

from actors.messages import Doubted
from engine.market import Calendars, Candle, LimitTable
from engine.market.quarantine import BarFinding, Fate, Quarantined
from engine.market.sieve import BarSieve
from engine.providers.base import Route

YOUNG_NS = 15 * 60_000_000_000
"""So long providers may still correct a bar."""


class Sifting:
    """One sieve for all providers: a bar that two of them tell alike is told twice."""

    def __init__(
        self, limits: LimitTable, calendars: Calendars, *, now_ns: Callable[[], int], tell: Callable[[Doubted], object]
    ) -> None:
        self._limits = limits
        self._calendars = calendars
        self._now_ns = now_ns
        self._tell = tell
        self._sieve = BarSieve()

    def sound(self, route: Route, minutes: Sequence[Candle]) -> list[Candle]:
        """The minutes that may heal."""
        sifted = self._sieve.sift(
            minutes,
            self._limits.of(route.instrument, route.kind),
            route.tick_size,
            self._calendars.of(route.instrument),
            young_ns=self._now_ns() - YOUNG_NS,
        )
        entries = [
            *_entries(sifted.refused, Fate.DISCARDED),
            *_entries(sifted.doubted, Fate.HELD),
            *_entries(sifted.confirmed, Fate.RELEASED),
        ]
        if entries:
            self._tell(Doubted(tuple(entries)))
        return sifted.sound


def everything(_: Route, minutes: Sequence[Candle]) -> list[Candle]:
    """No sieve at all."""
    return list(minutes)


def _entries(findings: Sequence[BarFinding], fate: Fate) -> list[Quarantined]:
    decided_by = "" if fate is Fate.HELD else "history"
    return [Quarantined.of_bar(finding, fate, decided_by) for finding in findings]
