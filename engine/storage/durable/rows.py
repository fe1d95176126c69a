"""What goes into the tables and comes out of them."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import msgspec

from engine.market.candle import Candle


class Exchange(msgspec.Struct, frozen=True):
    """A place of trade. Market hours are in its own time zone; ``None`` where it never closes."""

    code: str
    name: str
    timezone: str
    country: str = ""
    currency: str = ""
    market_open_time: time | None = None
    market_close_time: time | None = None
    is_24_hours: bool = False


class ProviderMapping(msgspec.Struct, frozen=True):
    """Under which segment and id a provider knows an instrument, and from which day on."""

    provider: str
    instrument: str
    """Canonical name."""
    segment: str
    provider_symbol: str
    valid_from: date


class NameInTime(msgspec.Struct, frozen=True):
    """A provider's name of an instrument on the days from ``valid_from`` to before ``valid_to``."""

    instrument: str
    timezone: str
    """Of its exchange, whose days these are."""
    segment: str
    provider_symbol: str
    valid_from: date
    valid_to: date | None
    held_until: date | None
    """Before that day the name meant another instrument; ``None``: none that is known."""


class MappingConflict(msgspec.Struct, frozen=True):
    """Something that a provider's list says otherwise than the tables, or twice; an operator looks at it."""

    kind: str
    """``taken over``, ``repeated``, ``other meaning`` or ``other terms``."""
    instrument: str
    """Canonical name of whom the list names."""
    segment: str
    provider_symbol: str
    detail: str
    other: str = ""
    """Canonical name of who else is concerned."""


class MappedInstrument(msgspec.Struct, frozen=True):
    """An active instrument as one provider knows it today."""

    instrument: str
    segment: str
    provider_symbol: str
    tick_size: float
    kind: str
    priority: int
    """Of the provider for the exchange; 1 is asked first."""


class DailyCandle(msgspec.Struct, frozen=True):
    """A day's bar, kept by its date, with what only a day has."""

    date: date
    candle: Candle
    """Its ``timeframe`` is ``1d``, its time the day's first session's opening."""
    previous_close: float | None = None
    adj_close: float | None = None
    delivery_percentage: float | None = None


class SaveResult(msgspec.Struct, frozen=True):
    """What a save did."""

    written: int
    """Rows that are new or changed."""
    unknown: tuple[str, ...] = ()
    """Instruments that no table knows: their candles were left out."""


class Job(msgspec.Struct, frozen=True):
    """A piece of long work, done in steps; ``progress`` goes from 0 to 1."""

    id: str
    kind: str
    status: str
    """``waiting``, ``running``, ``paused``, ``done``, ``failed`` or ``cancelled``."""
    progress: float = 0.0
    message: str = ""
    arguments: Mapping[str, Any] = {}
    """What it was asked to do, so that another process can go on with it."""
    done: int = 0
    """Steps that are done; it goes on with the next one."""
    total: int = 0


class AuditEntry(msgspec.Struct, frozen=True):
    """Who did what to what."""

    id: int
    """Grows from entry to entry."""
    at: datetime
    actor: str
    action: str
    target: str
    detail: Mapping[str, Any]
    address: str = ""
    """From where."""
    outcome: str = ""
    """``done``, ``refused`` or ``failed``; empty for what was noted before it happened."""
