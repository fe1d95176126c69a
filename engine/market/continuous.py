"""Continuous futures: which contract stands for ``NFO:NIFTY1!`` on each day, so that its bars read as one instrument's.

Bars are joined where one contract gives way to the next, at the prices they traded at: nothing is adjusted.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import Final, Literal

import msgspec

from engine.market.calendar import Calendar
from engine.market.instrument import InstrumentKind
from engine.market.symbols import parse_symbol

MOST_RANKS: Final = 3
"""The front contract and the two after it: what further ones trade is not worth a chart."""
EVER: Final = 1 << 62
_DAY: Final = timedelta(days=1)
_LOOK_BACK: Final = timedelta(days=40)
"""No exchange is closed for longer before an expiry, also counted with the days before it."""

Volumes = Mapping[date, int]
"""What a contract traded, by day."""


class Contract(msgspec.Struct, frozen=True):
    """One future of a chain."""

    instrument: str
    """Canonical name."""
    expiry: date


class RollRule(msgspec.Struct, frozen=True):
    """When a contract gives way to the next one."""

    by: Literal["date", "volume"] = "date"
    """``volume``: the day after the next contract traded more; by its last day at the latest."""
    days_before: int = 1
    """Its last day is that many trading days before its expiry; 0: the day it expires."""


class Leg(msgspec.Struct, frozen=True):
    """The contract that stands for a continuous future in ``[start_ns, end_ns)``."""

    instrument: str
    start_ns: int
    end_ns: int

    def within(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """The part of a stretch of time that is this leg's; empty where the first is not before the second."""
        return max(self.start_ns, start_ns), min(self.end_ns, end_ns)


def chains_of(instruments: Iterable[str]) -> dict[str, tuple[Contract, ...]]:
    """The futures on each underlying, by ``EXCHANGE:UNDERLYING``, the nearest expiry first."""
    found: list[tuple[str, date, str]] = []
    for name in instruments:
        if name.endswith("FUT"):
            symbol = parse_symbol(name)
            if symbol.kind is InstrumentKind.FUTURE and symbol.expiry is not None:
                found.append((f"{symbol.exchange}:{symbol.underlying}", symbol.expiry, name))
    found.sort()
    return {
        chain: tuple(Contract(name, expiry) for _, expiry, name in group)
        for chain, group in groupby(found, key=lambda one: one[0])
    }


def names_of(chains: Mapping[str, Sequence[Contract]]) -> dict[str, tuple[str, int]]:
    """The continuous futures of chains: each one's chain and rank, by canonical name."""
    return {
        f"{chain}{rank}!": (chain, rank)
        for chain, contracts in chains.items()
        for rank in range(1, min(MOST_RANKS, len(contracts)) + 1)
    }


def legs_of(
    contracts: Sequence[Contract],
    calendar: Calendar,
    rule: RollRule,
    rank: int = 1,
    volumes: Mapping[str, Volumes] | None = None,
) -> list[Leg]:
    """The legs of a chain, oldest first and without a hole between them; the last goes on for ever.

    ``rank`` 2 is the contract after the front one. ``volumes`` by contract are needed to go by volume; where a day's are
    not known nothing is decided that day.
    """
    fronts = [_last_day(contract, calendar, rule) for contract in contracts]
    if rule.by == "volume":
        fronts = _by_volume(contracts, fronts, volumes or {})
    borders = [0, *(_begin_ns(calendar, last + _DAY) for last in fronts[:-1]), EVER]
    standing = contracts[rank - 1 :]
    legs = [
        Leg(contract.instrument, start_ns, end_ns)
        for contract, (start_ns, end_ns) in zip(standing, pairwise(borders), strict=False)
        if start_ns < end_ns
    ]
    if not legs:
        return []
    return [*legs[:-1], msgspec.structs.replace(legs[-1], end_ns=EVER)]


def leg_at(legs: Sequence[Leg], ns: int) -> Leg:
    """The leg that stands at a time; there is at least one, and before the first it is that one."""
    return legs[max(0, bisect_right(legs, ns, key=lambda leg: leg.start_ns) - 1)]


def _last_day(contract: Contract, calendar: Calendar, rule: RollRule) -> date:
    """The last day on which it may be in front."""
    before = 0 if rule.by == "volume" else rule.days_before
    days = list(calendar.trading_days(contract.expiry - _LOOK_BACK, contract.expiry))
    return days[-1 - before].date if len(days) > before else contract.expiry


def _by_volume(contracts: Sequence[Contract], last_days: Sequence[date], volumes: Mapping[str, Volumes]) -> list[date]:
    found: list[date] = []
    for place, (contract, following) in enumerate(pairwise(contracts)):
        own, others = volumes.get(contract.instrument, {}), volumes.get(following.instrument, {})
        since = found[-1] if found else date.min
        outdone = (day for day in sorted(own.keys() & others.keys()) if others[day] > own[day] and day > since)
        found.append(min(next(outdone, last_days[place]), last_days[place]))
    return [*found, last_days[-1]] if last_days else []


def _begin_ns(calendar: Calendar, day: date) -> int:
    """When the first trading day from that day on begins, its call auction included."""
    following = next(iter(calendar.trading_days(day, day + _LOOK_BACK)), None)
    return EVER if following is None else following.attended_ns
