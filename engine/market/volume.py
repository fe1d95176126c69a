"""The volume of one instrument, from the running totals its providers send."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Self

import msgspec

from engine.market.calendar import Calendar
from engine.market.errors import StateError
from engine.market.settled import NEVER
from engine.market.tick import Tick

_REORDER_NS = 5_000_000_000
_FORSAKEN = 16
"""Marks that smaller totals contradicted are remembered up to so many a day: each is lower than the one before."""


_GENEROUS = 20
"""What was traded while nobody listened may be so many times what the day so far would make likely."""
_LEAST_NS = 60_000_000_000


def bridged_mark(mark: int, total: int, offset: int, *, silent_ns: int, open_ns: int) -> int | None:
    """What another provider's total was when that of the first stood at ``mark``; None where it can not be told.

    ``offset`` is by how much its totals are known to differ, 0 where nobody knows; ``total`` is its first one, which came
    so many ns after the mark, which is of so many ns of trading. Less than none was traded never, and much more than
    ever before hardly.
    """
    traded = total - mark - offset
    most = _GENEROUS * mark * (max(silent_ns, 0) + _LEAST_NS) // max(open_ns, _LEAST_NS)
    return mark + offset if 0 <= traded <= most else None


class Baseline(msgspec.Struct, frozen=True, gc=False):
    """The running total that the next tick is measured against: whose, of which trading day, and how much."""

    provider: str
    session_date: date
    volume: int

    def state(self) -> dict[str, Any]:
        """Plain values for ``state:{symbol}``."""
        return {"provider": self.provider, "session_date": self.session_date.isoformat(), "volume": self.volume}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        """The baseline that ``state`` gave away."""
        try:
            return cls(str(state["provider"]), date.fromisoformat(state["session_date"]), int(state["volume"]))
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"volume baseline {state!r}") from error


class VolumeMeter:
    """Turns cumulative volume into traded volume, tick by tick, in units traded.

    One meter serves one instrument. It never guesses: what the totals do not say was traded between two ticks is
    not traded, and what belongs to no tick is ``unattributed``, so that for every run of ticks
    ``sum(measured) + unattributed == last total - first total``, in the order of trades. A new trading day starts from
    zero. A provider's total is never compared with another's: after a switch the first tick only sets the baseline, unless
    the new one was listened to before, or the two can be bridged. A provider that tells sizes and no totals
    is measured by the sizes.

    The mark is the highest total seen. A smaller one measures 0 and the mark stays, because a tick that others overtook
    looks like that and following it down would count its volume twice. Its time tells more: a smaller total of a later
    trade is a correction, and one that is still smaller five seconds later is the vendor's restatement and becomes the
    new mark. A day's last ticks, overtaken by the next day's first, are measured against the mark their day had.

    Which of two totals that contradict each other was wrong only later ones tell. So all since the mark is in doubt when
    a smaller total comes, as the mark may have been the wrong one; and all since a mark is in doubt when the
    totals that contradicted it are back there, as it may have been right.
    """

    __slots__ = (
        "_back_at", "_behind", "_date", "_doubtful_ns", "_eve", "_forsaken", "_heir", "_is_start", "_mark", "_marked_ns",
        "_offsets", "_provider", "_restated", "corrections", "counts_ticks",
    )  # fmt: skip

    def __init__(self, baseline: Baseline | None = None, *, counts_ticks: bool = True) -> None:
        self._provider = "" if baseline is None else baseline.provider
        self._date = None if baseline is None else baseline.session_date
        self._mark = 0 if baseline is None else baseline.volume
        self._marked_ns = 0
        self._eve: Baseline | None = None
        self._doubtful_ns = 0
        self._is_start = False
        self._forsaken: list[tuple[int, int]] = []
        self._back_at = NEVER
        self._behind = 0
        self._restated = 0
        self._heir: VolumeMeter | None = None
        self._offsets: dict[str, int] | None = None
        self.corrections = 0
        """Totals that were smaller than that of an earlier trade, or of a trading day gone by."""
        self.counts_ticks = counts_ticks
        """Where the feed has no volume a trade counts its size, and a tick without one counts as 1; false for indices,
        which are not traded."""

    @classmethod
    def restore(
        cls, state: Mapping[str, Any] | None, calendar: Calendar, now_ns: int, *, counts_ticks: bool = True
    ) -> Self:
        """Go on from ``state``. A baseline of an earlier day is of use only until today's trading begins.

        Later than that nobody knows when today's total was traded, so the first tick measures 0 and history heals.
        """
        baseline = None if state is None or state.get("provider") == "" else Baseline.restore(state)
        day = calendar.trading_day(now_ns)
        is_old = baseline is not None and day is not None and baseline.session_date != day.date
        meter = cls(None if is_old and day and now_ns >= day.start_ns else baseline, counts_ticks=counts_ticks)
        meter._is_start = meter.baseline is None  # its first minute lacks what was traded before the first total
        if state is not None:
            meter._resume(state)
        return meter

    def _resume(self, state: Mapping[str, Any]) -> None:
        try:
            self.corrections = int(state["corrections"])
            self._restated, self._behind = int(state["restated"]), int(state["behind"])
            self._eve = None if state["eve"] is None else Baseline.restore(state["eve"])
            self._marked_ns = int(state["marked_ns"])
            self._forsaken = [(int(mark), int(ns)) for mark, ns in state.get("forsaken", ())]
            self._offsets = {str(name): int(offset) for name, offset in state.get("offsets", {}).items()} or None
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"volume {state!r}") from error
        if self._date is None:
            self._settle_behind()
            self._forsaken.clear()
            self._offsets = None
        self._expect_back()

    def state(self) -> dict[str, Any] | None:
        """The baseline and what was counted, as plain values for ``state:{symbol}``; None before the first total."""
        baseline = self.baseline
        if baseline is None and not (self.corrections or self._restated):
            return None
        return {
            **({"provider": ""} if baseline is None else baseline.state()),
            "marked_ns": self._marked_ns,
            "forsaken": [list(mark) for mark in self._forsaken],
            "eve": None if self._eve is None else self._eve.state(),
            "restated": self._restated,
            "behind": self._behind,
            "corrections": self.corrections,
            **({"offsets": self._offsets} if self._offsets else {}),
        }

    @property
    def baseline(self) -> Baseline | None:
        """What the next total is measured against, after a restart too."""
        return None if self._date is None else Baseline(self._provider, self._date, self._mark)

    @property
    def unattributed(self) -> int:
        """What the totals moved without a trade: below zero while they stand under their mark, or were restated."""
        return self._restated + self._behind

    def measure(self, tick: Tick, session_date: date) -> int:
        """The volume traded since the tick before."""
        volume = tick.volume
        if session_date is self._date and volume is not None and tick.provider == self._provider:
            delta = volume - self._mark
            if delta > 0:
                self._mark = volume
                self._marked_ns = tick.ts_event
                self._behind = 0
                if volume >= self._back_at:
                    self._come_back(volume)
                return delta
            if not delta:
                self._behind = 0
                return 0
        return self._measure_other(tick, session_date)

    def _measure_other(self, tick: Tick, session_date: date) -> int:
        volume = tick.volume
        if volume is None:
            return self._measure_without_total(tick, session_date)
        if self._date is None or tick.provider != self._provider:
            heir = self._heir
            return self._switch(tick, session_date, volume) if heir is None else heir.measure(tick, session_date)
        if session_date > self._date:
            self._eve = self.baseline
            return self._start(tick, session_date, volume, measured=volume)
        if session_date < self._date:
            return self._measure_eve(tick, session_date, volume)
        self._date = session_date
        if volume < self._mark:
            return self._correct(volume, tick.ts_event)
        self._behind = 0
        if volume >= self._back_at:
            self._come_back(volume)
        delta = volume - self._mark
        if delta:
            self._mark, self._marked_ns = volume, tick.ts_event
        return delta

    def _measure_without_total(self, tick: Tick, session_date: date) -> int:
        """A candle that has real volume today never mixes counted ticks into it, nor what a total will tell anyway."""
        if not self.counts_ticks or (session_date == self._date and tick.provider == self._provider):
            return 0
        return tick.size or int(session_date != self._date)

    def listen(self, tick: Tick, session_date: date) -> bool:
        """A tick of the provider that will carry next, which counts for nothing yet; false when later ones overtook it.

        Its total is what its first counted tick will be measured against. By how much the two providers' totals differ is
        kept, for a day on which there is no time to listen.
        """
        heir = self._heir
        if heir is None or (heir.baseline is not None and heir.baseline.provider != tick.provider):
            heir = self._heir = VolumeMeter(counts_ticks=self.counts_ticks)
        heir.measure(tick, session_date)
        if heir.baseline is not None and tick.volume is not None and tick.volume < heir.baseline.volume:
            return False
        if tick.volume is not None and self._date == session_date:
            self._offsets = offsets = self._offsets or {self._provider: 0}
            offsets[tick.provider] = offsets.get(self._provider, 0) + tick.volume - self._mark
        return True

    def successor(self) -> "VolumeMeter":
        """The meter to go on with: the provider that was listened to is the one, and its totals are the only ones."""
        heir = self._heir
        if heir is None or heir.baseline is None:
            return self
        heir.inherit(self.corrections, self.unattributed, self._offsets)
        return heir

    def inherit(self, corrections: int, unattributed: int, offsets: dict[str, int] | None) -> None:
        """What the meter before this one had counted."""
        self.corrections += corrections
        self._restated += unattributed
        self._offsets = offsets

    def bridge(self, tick: Tick, session_date: date, opened_ns: int) -> bool:
        """Go over to another provider whose first tick this is, without having listened to it; true when it can be measured.

        Both tell the exchange's day, so that the difference of their totals is what was traded in between, where that
        is believable (``bridged_mark``). Where it is not, the tick measures nothing and only begins anew.
        """
        if tick.volume is None or self._date != session_date or not self._mark:
            return False
        offsets = self._offsets or {}
        offset = offsets.get(tick.provider, 0) - offsets.get(self._provider, 0) if tick.provider in offsets else 0
        silent_ns, open_ns = tick.ts_recv - self._marked_ns, self._marked_ns - opened_ns
        mark = bridged_mark(self._mark, tick.volume, offset, silent_ns=silent_ns, open_ns=open_ns)
        if mark is None:
            return False
        self._settle_behind()
        self._forsaken.clear()
        self._expect_back()
        self._provider, self._mark, self._heir = tick.provider, mark, None
        return True

    def _switch(self, tick: Tick, session_date: date, volume: int) -> int:
        """What was traded between one provider's last total and the other's first, or before the very first, nobody tells."""
        if self._date is not None or self._is_start:
            self._doubt(min(self._marked_ns or tick.ts_event, tick.ts_event))
        self._eve, self._is_start = None, False
        return self._start(tick, session_date, volume, measured=0)

    def _start(self, tick: Tick, session_date: date, volume: int, *, measured: int) -> int:
        if session_date != self._date:
            self._offsets = None
        self._settle_behind()
        self._forsaken.clear()
        self._expect_back()
        self._provider, self._date, self._mark, self._marked_ns = tick.provider, session_date, volume, tick.ts_event
        return measured

    def _settle_behind(self) -> None:
        self._restated += self._behind
        self._behind = 0

    def _measure_eve(self, tick: Tick, session_date: date, volume: int) -> int:
        eve = self._eve
        if eve is None or session_date != eve.session_date:
            self.corrections += 1
            self._doubt(tick.ts_event)
            return 0
        self._eve = Baseline(eve.provider, session_date, max(volume, eve.volume))
        return max(0, volume - eve.volume)

    def _doubt(self, since_ns: int) -> None:
        self._doubtful_ns = min(self._doubtful_ns or since_ns, since_ns)

    def take_doubt(self) -> int:
        """Since when volume may be wrong that was not in doubt when last asked; 0 if none is. Ns UTC."""
        doubtful_ns, self._doubtful_ns = self._doubtful_ns, 0
        return doubtful_ns

    def _correct(self, volume: int, ts_event: int) -> int:
        if ts_event <= self._marked_ns:  # overtaken: what it traded is in the mark
            return 0
        self.corrections += 1
        self._doubt(self._marked_ns or ts_event)  # the mark itself may be the glitch, in a minute that is final by now
        self._marked_ns = self._marked_ns or ts_event
        self._forsake()
        if ts_event - self._marked_ns > _REORDER_NS:
            self._restated += volume - self._mark
            self._behind = 0
            self._mark, self._marked_ns = volume, ts_event
        else:
            self._behind = volume - self._mark
        return 0

    def _forsake(self) -> None:
        if self._mark != self._back_at:
            self._forsaken = [*self._forsaken, (self._mark, self._marked_ns)][-_FORSAKEN:]
            self._expect_back()

    def _expect_back(self) -> None:
        self._back_at = self._forsaken[-1][0] if self._forsaken else NEVER

    def _come_back(self, volume: int) -> None:
        """The smaller totals may have been the glitch: then this one counts again what was counted before them."""
        while self._forsaken and volume >= self._forsaken[-1][0]:
            self._doubt(self._forsaken.pop()[1])
        self._expect_back()
