"""The minutes of one instrument that still take ticks: the newest, and those that wait for the watermark."""

from datetime import date

from engine.market.bar import BY_TIME, UNHEALED, Bar
from engine.market.calendar import Bucket, Calendar
from engine.market.left_out import LeftOut
from engine.market.tick import Tick

_NO_MINUTE = Bar(0, 0, 0.0, 0.0, 0.0, 0.0, 0)
"""Holds no time, so that no tick ever falls into it."""


class OpenMinutes:
    """Takes ticks into the open minutes, each in its place, and counts what belongs to none.

    What a book is made on rather than a part of it: there are thousands, and every object costs.
    """

    __slots__ = ("_gap", "_left_out", "_newest", "_older", "_price", "_provider", "calendar")

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._newest = _NO_MINUTE
        self._older: list[Bar] | None = None
        self._price: float | None = None
        """The last price known from before the open minutes; None before the first."""
        self._provider = ""
        """Whose totals those of the open minutes are."""
        self._left_out: LeftOut | None = None
        self._gap = (0, 0)
        """The last interruption, which touches minutes not open yet too."""

    @property
    def outside_session(self) -> int:
        """Ticks that came while the exchange was closed, or in an auction."""
        return 0 if self._left_out is None else self._left_out.ticks

    @property
    def unattributed(self) -> int:
        """Volume that entered no candle: traded outside of every session, or told too late."""
        return 0 if self._left_out is None else self._left_out.volume

    @property
    def open_until_ns(self) -> int:
        """The end of the newest open minute, which a damaged time may have opened long before it begins; 0 when none is open."""
        return self._newest.end_ns

    def session_date(self, ns: int) -> date:
        """The trading day that volume counts for at that time."""
        return self.calendar.session_date(ns)

    def add(self, tick: Tick, volume: int) -> bool:
        """Take in a tick and the volume measured for it; true when it went into a forming candle."""
        minute, ts_event = self._newest, tick.ts_event
        if minute.start_ns <= ts_event < minute.end_ns:
            order, price = tick.volume or ts_event - BY_TIME, tick.price  # order_of, without a call
            if volume and order >= minute.top:  # nearly all there is, so it is written out
                if price > minute.high:
                    minute.high = price
                elif price < minute.low:
                    minute.low = price
                minute.volume += volume
                minute.close, minute.top = price, order
                open_interest = tick.open_interest
                if open_interest is not None:
                    minute.open_interest = open_interest
                return True
            if volume or order != minute.top or price != minute.close:
                return self._fit_in(minute, tick, volume)
            if tick.open_interest is not None:
                minute.open_interest = tick.open_interest
            return True
        return self._add_elsewhere(tick, volume)

    def _add_elsewhere(self, tick: Tick, volume: int) -> bool:
        """A tick that is not of the newest open minute: whether its bucket is still open the book knows."""
        raise NotImplementedError

    def _fit_in(self, minute: Bar, tick: Tick, volume: int) -> bool:
        """A tick of the newest minute that has no volume of its own, or that others overtook."""
        self._compare(tick)
        if volume and tick.volume:
            self._begin_anew()  # volume below the highest total: the provider has restated its totals
        minute.trade(tick, volume or self._reclaim(tick))  # a print after the close may have overtaken the last trade
        return True

    def _compare(self, tick: Tick) -> None:
        """A candle never mixes two cumulative bases: the totals of another provider are compared with none before."""
        if tick.provider != self._provider:
            self._begin_anew()
            self._provider = tick.provider

    def _begin_anew(self) -> None:
        """The totals begin anew: nothing to come is compared with those so far."""
        for bar in self._open_minutes():
            bar.seal()
        if self._left_out is not None:
            self._left_out.seal()

    def _add_open(self, tick: Tick, volume: int, bucket: Bucket) -> bool:
        """A tick that opens a minute, or that newer minutes overtook."""
        minute = self._open_at(bucket.start_ns)
        if minute is not None:
            minute.trade(tick, volume)
            return True
        if not _is_trade(tick, volume, self._price_before(bucket.start_ns)):
            return self._leave_out(tick, volume)
        minute = Bar.opened(bucket.start_ns, bucket.end_ns, tick, volume)
        minute.mark_if_touched(*self._gap)
        self._set_open([*self._open_minutes(), minute])
        return True

    def _reclaim(self, tick: Tick, *, outside: bool = False) -> int:
        """What the next open minute, or what was left out, was given of a tick's volume, because it arrived first.

        Of two prints outside of a session the share of both is left out already, whichever came first.
        """
        if not tick.volume:
            return 0
        following, left_out = self._open_after(tick.ts_event), self._left_out
        if following is not None and self._is_same_day(tick, following.start_ns):
            return self._take_back(following, tick.price, tick.volume)
        if left_out is not None and not outside and self._is_same_day(tick, left_out.since_ns):
            return left_out.take_back(tick)
        return 0

    def _is_same_day(self, tick: Tick, ns: int) -> bool:
        return self.session_date(tick.ts_event) == self.session_date(ns)

    def _leave_outside(self, tick: Tick, volume: int) -> bool:
        self._left_out = self._left_out or LeftOut()
        self._left_out.add_outside(tick, volume)
        return self._leave_out(tick, 0)

    def _leave_out(self, tick: Tick, volume: int) -> bool:
        if tick.volume is not None and volume:
            self._left_out = self._left_out or LeftOut()
            self._left_out.volume += volume
        if self._price is None:
            self._price = tick.price
        return False

    def _open_minutes(self) -> list[Bar]:
        """The oldest first."""
        return [*(self._older or ()), self._newest] if self._newest.end_ns else []

    def _set_open(self, minutes: list[Bar]) -> None:
        """These are the open minutes now, in any order."""
        minutes.sort(key=lambda bar: bar.start_ns)
        self._newest = minutes.pop() if minutes else _NO_MINUTE
        self._older = minutes or None

    def _open_end_ns(self) -> int:
        """When the oldest ends; 0 when none is open."""
        return self._older[0].end_ns if self._older else self._newest.end_ns

    def _open_at(self, start_ns: int) -> Bar | None:
        return next((bar for bar in self._open_minutes() if bar.start_ns == start_ns), None)

    def _open_after(self, ns: int) -> Bar | None:
        """The first that starts after that time."""
        return next((bar for bar in self._open_minutes() if bar.start_ns > ns), None)

    def _last_price(self) -> float | None:
        return self._newest.close if self._newest.end_ns else self._price

    def _price_before(self, ns: int) -> float | None:
        """The last price of the open minutes before that time, or else the last one known."""
        earlier = [bar.close for bar in self._open_minutes() if bar.end_ns <= ns]
        return earlier[-1] if earlier else self._price

    def _take_back(self, following: Bar, price: float, total: int) -> int:
        """The volume that an open minute was given of an earlier trade's, because it arrived first.

        A minute that is left without any trade of its own, only a repetition of that one, was none and goes. One that a
        repetition opened, and trades followed, needs healing: what its first trade was is forgotten.
        """
        moved = following.yield_to(total)
        if moved and following.first == total:
            following.flags |= UNHEALED
        if moved and not following.volume and following.low == following.high == price:
            self._set_open([bar for bar in self._open_minutes() if bar is not following])
            self._price = price
        return moved

    def _take_ended(self, ns: int) -> list[Bar]:
        """The minutes that ended by then, which are open no more."""
        if not 0 < self._open_end_ns() <= ns:
            return []
        minutes = self._open_minutes()
        ended = [bar for bar in minutes if bar.end_ns <= ns]
        self._price = ended[-1].close
        self._set_open(minutes[len(ended) :])
        return ended

    def _forget_open(self, before_ns: int) -> None:
        """Minutes that began before that time are history's from now on."""
        self._price = self._last_price()
        self._set_open([bar for bar in self._open_minutes() if bar.start_ns >= before_ns])


def _is_trade(tick: Tick, volume: int, before: float | None) -> bool:
    """Whether a tick shows volume or, compared with the price before, a new one."""
    if volume or tick.volume is None:
        return True
    if before is None:
        return tick.volume > 0  # nothing to compare with: a first tick after the start
    return tick.price != before
