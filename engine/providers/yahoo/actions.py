"""Splits and dividends as Yahoo tells them, turned into what happened. Without I/O."""

from collections.abc import Sequence
from datetime import date, datetime
from math import isfinite, prod
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from engine.market.corporate_action import ActionKind, CorporateAction

_DECIMALS: Final = 6
"""Of amounts: what remains of floats beyond is noise."""
_SECOND_NS: Final = 1_000_000_000


class Event(NamedTuple):
    """A day on which something happened."""

    time_ns: int
    """The exchange's midnight, UTC."""
    dividend: float
    """For each share, corrected for all splits up to now; 0 where there was none."""
    split: float
    """Shares afterwards for each before, bonuses too; 0 where there was none."""


class Events(NamedTuple):
    """Those of a time up to now, oldest first, and the exchange's time zone."""

    events: Sequence[Event] = ()
    timezone: str = "UTC"


def actions_of(told: Events, instrument: str, source: str) -> list[CorporateAction]:
    """The actions, dividends as they were paid: for each share as it was held then."""
    zone = ZoneInfo(told.timezone)
    days = [(datetime.fromtimestamp(event.time_ns // _SECOND_NS, zone).date(), event) for event in told.events]
    splits = [(day, event.split) for day, event in days if _is_number(event.split)]

    def action(kind: ActionKind, day: date, **number: float) -> CorporateAction:
        return CorporateAction(instrument=instrument, ex_date=day, kind=kind, source=source, **number)

    found = [action(ActionKind.SPLIT, day, ratio=ratio) for day, ratio in splits]
    for day, event in days:
        if _is_number(event.dividend):
            paid = event.dividend * prod(ratio for ex_date, ratio in splits if ex_date > day)
            found.append(action(ActionKind.DIVIDEND, day, amount=round(paid, _DECIMALS)))
    return sorted(found, key=lambda one: one.ex_date)


def _is_number(told: float) -> bool:
    return isfinite(told) and told > 0
