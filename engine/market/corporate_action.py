"""Corporate actions: what a company did to its shares, so that a price before it means another thing than one after it."""

from datetime import date
from enum import StrEnum

import msgspec


class ActionKind(StrEnum):
    """What was done."""

    SPLIT = "split"
    BONUS = "bonus"
    DIVIDEND = "dividend"


class CorporateAction(msgspec.Struct, frozen=True, kw_only=True):
    """One action of one instrument. A split and a bonus have a ratio, a dividend an amount."""

    instrument: str
    ex_date: date
    """The first day on which the share trades without it."""
    kind: ActionKind
    ratio: float | None = None
    """Shares afterwards for each share before: 5 for a split 1:5, 2 for a bonus of one share for each held."""
    amount: float | None = None
    """For each share held the day before, in the exchange's currency."""
    source: str = ""
    """Who said so: a provider, or ``admin`` or ``file``, whom no provider overrules."""


class CloseBefore(msgspec.Struct, frozen=True):
    """The last close before an ex-date, as it is kept."""

    date: date
    close: float
    source: str
    published_ns: int
    """When it was read, UTC."""


class KnownAction(msgspec.Struct, frozen=True):
    """An action, and what it has to be measured against."""

    action: CorporateAction
    before: CloseBefore | None = None
    """``None``: no day before it is kept."""
