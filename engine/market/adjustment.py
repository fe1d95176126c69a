"""Adjustment: prices as they would have been if all of today's splits and dividends had been made from the beginning.

Factors are cumulative and reach backwards: a price before an ex-date is multiplied by those of all ex-dates after its day,
so today's prices are always as they are traded, and a live bar joins without a step. A split or bonus of ratio *r* divides
prices by *r* and multiplies volumes by it. A dividend *D* multiplies prices by ``1 - D / P``, with *P* the last close before
its ex-date (CRSP's factor to adjust price, and that of the adjusted close of Yahoo): what a holder who reinvested it had.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo
from enum import StrEnum
from math import prod
from typing import Final

import msgspec

from engine.market.candle import OFFICIAL, Candle
from engine.market.corporate_action import CloseBefore, CorporateAction, KnownAction

WORKS_SPLITS_IN: Final = frozenset(name + end for name in ("kite", "yahoo") for end in ("", OFFICIAL))
"""Sources whose history has all splits worked in up to the day on which it is read. What is made of their ticks has not."""
DECIMALS: Final = 6
"""Of adjusted prices: what remains of floats beyond is noise."""

Factors = tuple[float, float]
"""What a price is multiplied by, and what a volume is."""
NONE: Final[Factors] = (1.0, 1.0)


class Adjustment(StrEnum):
    """What prices are adjusted for."""

    RAW = "raw"
    SPLIT = "split"
    DIVIDEND = "dividend"
    ALL = "all"

    @property
    def splits(self) -> bool:
        """Whether for splits and bonuses."""
        return self in (Adjustment.SPLIT, Adjustment.ALL)

    @property
    def dividends(self) -> bool:
        """Whether for dividends."""
        return self in (Adjustment.DIVIDEND, Adjustment.ALL)


class Adjuster:
    """The adjusted view of one instrument's candles, up to a day. What is kept never changes."""

    def __init__(self, known: Sequence[KnownAction], adjustment: Adjustment, until: date, zone: tzinfo) -> None:
        """Actions whose ex-date comes after ``until`` are announced, and have not happened yet. ``zone`` is the exchange's."""
        self._zone = zone
        self._until = until
        happened = [one for one in known if one.action.ex_date <= until]
        splits = [(one.action.ex_date, ratio) for one in happened if (ratio := one.action.ratio) is not None]
        dividends = {one.action: self._dividend(one, splits) for one in happened if one.action.amount is not None}
        self._splits = splits if adjustment.splits else []
        self._dividends: list[tuple[date, float]] = []
        self.unknown: tuple[CorporateAction, ...] = ()
        """Dividends that are left out: no close before them is kept, or it was not higher than they are."""
        if adjustment.dividends:
            self._dividends = [(action.ex_date, part) for action, part in dividends.items() if part is not None]
            self.unknown = tuple(action for action, part in dividends.items() if part is None)
        self._factors: dict[tuple[date, date], Factors] = {}

    @property
    def ex_dates(self) -> list[date]:
        """Where factors change, the oldest first."""
        return sorted({ex_date for ex_date, _ in (*self._splits, *self._dividends)})

    def adjusted(self, candle: Candle, day: date) -> Candle:
        """The candle of that day at the exchange, as the view has it."""
        price, volume = self.factors(day, self._split_until(candle, day))
        if (price, volume) == NONE:
            return candle
        return msgspec.structs.replace(
            candle,
            open=round(candle.open * price, DECIMALS),
            high=round(candle.high * price, DECIMALS),
            low=round(candle.low * price, DECIMALS),
            close=round(candle.close * price, DECIMALS),
            volume=round(candle.volume * volume),
        )

    def close(self, candle: Candle, day: date) -> float | None:
        """The adjusted close of a day; None where an action after it could not be reckoned."""
        if any(action.ex_date > day for action in self.unknown):
            return None
        return self.adjusted(candle, day).close

    def factors(self, day: date, split_until: date | None = None) -> Factors:
        """What prices and volumes of a day are multiplied by, where splits are not worked in, or only up to another day."""
        key = (day, split_until or day)
        found = self._factors.get(key)
        if found is None:
            ratio = prod(ratio for ex_date, ratio in self._splits if ex_date > max(key))
            rest = prod(factor for ex_date, factor in self._dividends if ex_date > day)
            found = self._factors[key] = (rest / ratio, float(ratio))
        return found

    def _split_until(self, candle: Candle, day: date) -> date:
        """Until when splits are worked into a candle already."""
        return self.read_on(candle.published_ns) if candle.source in WORKS_SPLITS_IN else day

    def read_on(self, published_ns: int) -> date:
        """The day at the exchange on which something was read; what bears no time of publication was read just now."""
        return datetime.fromtimestamp(published_ns // 1_000_000_000, self._zone).date() if published_ns else self._until

    def _dividend(self, known: KnownAction, splits: Iterable[tuple[date, float]]) -> float | None:
        """The factor of a dividend; None where it can not be told."""
        before, amount = known.before, known.action.amount
        if before is None or amount is None:
            return None
        close = self._as_traded(before, splits)
        return 1 - amount / close if close > amount else None

    def _as_traded(self, before: CloseBefore, splits: Iterable[tuple[date, float]]) -> float:
        """A close whose provider had worked later splits in is brought back to what was paid."""
        if before.source not in WORKS_SPLITS_IN:
            return before.close
        read_on = self.read_on(before.published_ns)
        return before.close * prod(ratio for ex_date, ratio in splits if before.date < ex_date <= read_on)
