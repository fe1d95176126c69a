"""Validation: which price is believed at once, which has to wait for others to confirm it, and when the wait is over."""

import math
from typing import Final

import msgspec

from engine.market.limits import Reach
from engine.market.quarantine import Fate, Quarantined, Suspect
from engine.market.tick import Tick

_SECOND_NS: Final = 1_000_000_000
CONFIRMING: Final = 5
"""So many trades in a row near each other are a market, not a slip: a level they agree on is believed."""
CONFIRMING_NS: Final = _SECOND_NS
"""And not within less than this: a busy instrument trades five times in one hiccup of its provider."""
APPEAL_NS: Final = 5 * _SECOND_NS
"""So long after the first doubt a second source is asked, where the ticks have not decided."""
QUIET_NS: Final = 2 * _SECOND_NS
"""And so long after the newest doubt: the second source may lag behind the feed."""
MOST_HELD: Final = 64
"""A market that goes on trading for so long without agreeing to anything is believed, whatever it does."""
AHEAD_NS: Final = 60 * _SECOND_NS
"""How far ahead of our clock a tick's own time may be before it is taken for damaged."""
FRESH_S: Final = 60.0
"""From about this age on a price's reach grows, with the root of the age, as prices wander."""
WIDEST: Final = 3.0
"""Times the limit: beyond that even a price of last week has to be confirmed."""


class Ruling(msgspec.Struct, frozen=True, gc=False):
    """What becomes of ticks: of the one judged and, when it decided them, of those that were held before it."""

    taken: tuple[Tick, ...] = ()
    """To be taken in now, in this order; those released are among them."""
    held: Suspect | None = None
    """Doubted from now on."""
    released: tuple[Suspect, ...] = ()
    discarded: tuple[Suspect, ...] = ()
    refused: str = ""
    """Why the tick is no observation at all: nothing could ever confirm it."""
    unconfirmed: bool = False
    """What was released is believed only because nothing decided it in all its time."""

    def entries(self, decided_by: str) -> tuple[Quarantined, ...]:
        """What the quarantine has to know of it."""
        held = () if self.held is None else (Quarantined.of_tick(self.held, Fate.HELD),)
        released = (Quarantined.of_tick(suspect, Fate.RELEASED, decided_by) for suspect in self.released)
        discarded = (Quarantined.of_tick(suspect, Fate.DISCARDED, decided_by) for suspect in self.discarded)
        return *held, *released, *discarded


class _Doubt:
    """The ticks that wait, in the order they came, and what they are compared with."""

    __slots__ = ("before", "price", "run", "suspects", "trades", "wide")

    def __init__(self, price: float | None, wide: float, before: Tick | None) -> None:
        self.price = price
        """The last believed price; None when there was none."""
        self.wide = wide
        """How far from it a tick would have been believed when the doubt began."""
        self.before = before
        self.suspects: list[Suspect] = []
        self.run = 0
        """Where the newest suspects that agree with each other begin."""
        self.trades = 0
        """How many trades those tell of."""

    @property
    def newest(self) -> Tick:
        return self.suspects[-1].tick

    @property
    def confirmed(self) -> bool:
        since_ns = self.suspects[self.run].tick.ts_recv
        return self.trades >= CONFIRMING and self.newest.ts_recv - since_ns >= CONFIRMING_NS

    def is_near(self, tick: Tick) -> bool:
        """Whether the tick is where the market was before the doubt."""
        return self.price is not None and abs(tick.price - self.price) <= self.wide

    def repeats(self, tick: Tick) -> bool:
        """Whether the newest suspect said all this already: a change of the order book repeats the trade before it."""
        if not self.suspects:
            return False
        newest = self.newest
        if tick.volume and newest.volume:
            return tick.volume <= newest.volume
        return (tick.price, tick.ts_event) == (newest.price, newest.ts_event)

    def add(self, suspect: Suspect, *, agrees: bool, repeats: bool) -> None:
        if not agrees:
            self.run, self.trades = len(self.suspects), 0
        self.suspects.append(suspect)
        self.trades += not repeats


class PriceGuard:
    """Judges the prices of one instrument: believed at once when near the last one, else held until others decide.

    Who feeds it asks first whether ``low <= price <= high and ts_event < until_ns``: such a tick is believed and the
    guard need not hear of it, as any two prices of that band are within the limit of each other. All others go to
    ``judge``, and so do all while something is held: the band is empty then.

    A held tick is believed with hindsight when the market goes on from it: five trades that agree over a second, a
    tick that leads back from it to the old price in steps within the limit, a later claim of the exchange that the day
    reached so far, or a second source. It is discarded when the next tick, or the second source, is where the market
    was before. Held ticks touch neither candle nor volume, so a discarded one leaves no trace and a released one
    enters as if it had come late. There are thousands of guards.
    """

    __slots__ = ("_doubt", "_left", "_price", "_price_ns", "_reach", "high", "low", "until_ns")

    def __init__(self, reach: Reach, price: float | None = None, price_ns: int = 0) -> None:
        """A guard that knows a price from before, where there is one, and when it was traded."""
        self._reach = reach
        self._doubt: _Doubt | None = None
        self._left: tuple[float, Tick] | None = None
        """The level before the newest one, and the first tick of the newest: ticks of before it may still come."""
        self._price: float | None = None
        self._price_ns = 0
        self.until_ns = 0
        """Ticks that bear an earlier time bear no damaged one."""
        self.low, self.high = math.inf, -math.inf
        if price is not None:
            self._anchor(price, price_ns)

    @property
    def appeal_ns(self) -> int | None:
        """When a second source is to be asked, by the clock of ``ts_recv``; None while nothing is held."""
        doubt = self._doubt
        if doubt is None:
            return None
        return max(doubt.suspects[0].tick.ts_recv + APPEAL_NS, doubt.newest.ts_recv + QUIET_NS)

    def agree(self, price: float, other: float) -> bool:
        """Whether two prices are within the limit of each other."""
        return abs(price - other) <= self._reach.of(min(price, other))

    def judge(self, tick: Tick, last: Tick | None = None) -> Ruling:
        """What becomes of a tick; ``last`` is the one taken in before it, None when there was none since the start."""
        refused = _refusal(tick)
        if refused:
            return Ruling(refused=refused)
        self.until_ns = tick.ts_recv + AHEAD_NS
        doubt = self._doubt
        if doubt is not None:
            return self._weigh(doubt, tick)
        price, price_ns = self._known(tick, last)
        wide = self._wide(price, tick.ts_event - price_ns) if price is not None else 0.0
        if price is not None and abs(tick.price - price) <= wide:
            self._anchor(tick.price, tick.ts_event)
            return Ruling((tick,))
        if self._is_of_before(tick):
            return Ruling((tick,))
        self._doubt = doubt = _Doubt(price, wide, last)
        self.low, self.high = math.inf, -math.inf
        return self._hold(doubt, tick)

    def hear(self, price: float | None) -> Ruling:
        """A second source's last price decides what is held.

        None says that no source can be had: what nothing contradicts is believed then, lest it be locked out for ever.
        """
        if self._doubt is None:
            return Ruling()
        return self._believe(self._doubt) if price is None else self._settle(self._doubt, price)

    def know(self, price: float, price_ns: int) -> Ruling:
        """History's last price, for a guard that knows none of its own."""
        if self._price is not None or (self._doubt is not None and self._doubt.price is not None):
            return Ruling()
        if self._doubt is not None:
            return self.hear(price)
        self._anchor(price, price_ns)
        return Ruling()

    def overrule(self, *, release: bool) -> Ruling:
        """An operator decides all that is held."""
        if self._doubt is None:
            return Ruling()
        if release:
            return self._settle(self._doubt, None)
        discarded, price = tuple(self._doubt.suspects), self._doubt.price
        self._doubt = None
        if price is not None:
            self._anchor(price, self._price_ns)
        return Ruling(discarded=discarded)

    def _known(self, tick: Tick, last: Tick | None) -> tuple[float | None, int]:
        """The price to compare with, and its time. A last tick outside of the band was one of before a jump."""
        if self._price is None:
            return tick.previous_close or None, tick.ts_event
        if last is None:
            return self._price, self._price_ns
        return min(max(last.price, self.low), self.high), last.ts_event

    def _wide(self, price: float, age_ns: int) -> float:
        age_s = max(0, age_ns) / _SECOND_NS
        return self._reach.of(price) * min(WIDEST, math.sqrt(1.0 + age_s / FRESH_S))

    def _anchor(self, price: float, price_ns: int) -> None:
        half = self._reach.half(price)
        self._price, self._price_ns = price, price_ns
        self.low, self.high = price - half, price + half

    def _is_of_before(self, tick: Tick) -> bool:
        if self._left is None:
            return False
        price, first = self._left
        return _is_older(tick, first) and abs(tick.price - price) <= self._reach.of(price)

    def _weigh(self, doubt: _Doubt, tick: Tick) -> Ruling:
        if doubt.price is None and tick.previous_close and self.agree(tick.previous_close, tick.price):
            return self._settle(doubt, tick.price, tick)  # an index tells its previous close after its first price
        if not doubt.is_near(tick):
            return self._hold(doubt, tick)
        if _is_older(tick, doubt.suspects[0].tick):
            return Ruling((tick,))  # of before the doubt: it says nothing about what came after
        return self._settle(doubt, tick.price, tick)

    def _hold(self, doubt: _Doubt, tick: Tick) -> Ruling:
        suspect = Suspect(tick, doubt.price, doubt.wide)
        repeats, full = doubt.repeats(tick), len(doubt.suspects) >= MOST_HELD
        if repeats and full:
            return Ruling(discarded=(suspect,))  # one more of the same can not tip the scales
        agrees = not doubt.suspects or self.agree(doubt.newest.price, tick.price)
        doubt.add(suspect, agrees=agrees, repeats=repeats)
        if doubt.confirmed:
            return self._settle(doubt, tick.price)
        return self._believe(doubt) if full else Ruling(held=suspect)

    def _believe(self, doubt: _Doubt) -> Ruling:
        return msgspec.structs.replace(self._settle(doubt, None), unconfirmed=True)

    def _settle(self, doubt: _Doubt, level: float | None, following: Tick | None = None) -> Ruling:
        """Ends the doubt: the market is at ``level`` now, as the tick ``following`` the suspects or others say.

        Believed are the newest ones when steps within the limit lead from them to the level, whatever lies near the
        level or on the way to it, and what the exchange itself has taken into the day's range since.
        """
        chained = level is not None and self.agree(doubt.newest.price, level)
        released: list[Suspect] = []
        discarded: list[Suspect] = []
        for place, suspect in enumerate(doubt.suspects):
            believed = (
                level is None
                or (chained and place >= doubt.run)
                or self._is_on_the_way(suspect.tick.price, doubt.price, level)
                or _was_claimed(suspect.tick.price, doubt.before, following)
            )
            (released if believed else discarded).append(suspect)
        self._doubt = None
        self._go_on(doubt, released, following, level)
        taken = [suspect.tick for suspect in released]
        if following is not None:
            taken.append(following)
        return Ruling(tuple(taken), None, tuple(released), tuple(discarded))

    def _is_on_the_way(self, price: float, old: float | None, level: float) -> bool:
        reach = self._reach.of(level)
        low, high = level - reach, level + reach
        return (low if old is None else min(old, low)) <= price <= (high if old is None else max(old, high))

    def _go_on(self, doubt: _Doubt, released: list[Suspect], following: Tick | None, level: float | None) -> None:
        """Compare from now on with the newest believed price."""
        if released and following is None and doubt.price is not None:
            self._left = doubt.price, released[0].tick
        newest = following or (released[-1].tick if released else None)
        if newest is not None:
            self._anchor(newest.price, newest.ts_event)
        elif doubt.price is not None:
            self._anchor(doubt.price, self._price_ns)
        elif level is not None:
            self._anchor(level, doubt.newest.ts_event)


def _refusal(tick: Tick) -> str:
    if not (math.isfinite(tick.price) and tick.price > 0):
        return f"price {tick.price} is no number above 0"
    if not 0 < tick.ts_event <= tick.ts_recv + AHEAD_NS:
        return f"time {tick.ts_event} is none of {AHEAD_NS // _SECOND_NS} s around its receipt or before"
    return ""


def _is_older(tick: Tick, other: Tick) -> bool:
    """Whether a tick that came later was traded earlier: by its running total, as exchanges stamp whole seconds."""
    if tick.ts_event > other.ts_event:
        return False
    if tick.volume and other.volume:
        return tick.volume < other.volume
    return tick.ts_event < other.ts_event


def _was_claimed(price: float, before: Tick | None, following: Tick | None) -> bool:
    """Whether the exchange's own range of the day has reached a price since it was seen."""
    if before is None or following is None:
        return False
    if before.day_high and following.day_high and before.day_high < price <= following.day_high:
        return True
    return bool(before.day_low and following.day_low and following.day_low <= price < before.day_low)
