"""What is asked and answered of option chains: one instant of all legs, what their interest says, and how it went."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta

from engine.market.chain_reasons import Unknown
from engine.market.chain_snapshot import BuildUp, ChainSnapshot, Leg, StrikeLegs, Wall
from engine.market.chain_summary import ChainSummary
from web.answers import DataKind
from web.models.candles import Time
from web.openapi import Query

Expiry = Annotated[date | None, Meta(description="The day on which the options expire; the nearest when not given.")]
Symbol = Annotated[str, Meta(description="The underlying as it was asked for.")]
Degraded = Annotated[str, Meta(description="Why nobody keeps it fresh; empty when somebody does.")]


class ChainQuery(Query, frozen=True, kw_only=True):
    """Which of an underlying's chains, and of when."""

    expiry: Expiry = None
    at: Annotated[str, Meta(description="A time: the newest snapshot that was kept by then. Else as it is now.")] = ""


class HistoryQuery(Query, frozen=True, kw_only=True):
    """Of which chain, and of which days; until the newest day with snapshots when neither end is given."""

    expiry: Expiry = None
    start_date: Time = ""
    end_date: Time = ""
    days: Annotated[int, Meta(ge=1, le=31, description="Without a start: so many calendar days up to the end.")] = 1


class ExpiryDay(msgspec.Struct, frozen=True):
    """A day on which options expire."""

    expiry: date
    expires_at: Annotated[
        int | None,
        Meta(
            description="When the exchange closes then, ms UTC: the chain is over. Null where its hours are not known."
        ),
    ]
    strikes: Annotated[int, Meta(description="How many there are.")]


class Expiries(msgspec.Struct, frozen=True):
    """The days on which an underlying's options expire, the nearest first."""

    items: list[ExpiryDay]
    next_page_token: None
    symbol: Symbol
    underlying: str
    timezone: Annotated[str, Meta(description="The exchange's.")]
    data: DataKind


class Chain(ChainSnapshot, frozen=True, kw_only=True):
    """All options of one underlying that expire on one day, at one instant. Quantities are in units traded."""

    symbol: Symbol
    degraded: Degraded
    data: DataKind

    @classmethod
    def of(cls, snapshot: ChainSnapshot, symbol: str, degraded: str, data: DataKind) -> Self:
        """A snapshot as it is answered."""
        return cls(**msgspec.structs.asdict(snapshot), symbol=symbol, degraded=degraded, data=data)


class SideInterest(msgspec.Struct, frozen=True):
    """The open interest of all calls, or of all puts."""

    oi: Annotated[int | None, Meta(description="Of the options of which it is known; null where it is of none.")]
    oi_change: Annotated[int | None, Meta(description="Since the previous close, of legs where both are known.")]
    oi_change_open: Annotated[int | None, Meta(description="Since the first of today, likewise.")]
    volume: int | None
    walls: Annotated[tuple[Wall, ...], Meta(description="Strikes with the most, the largest first.")]
    reasons: Annotated[dict[str, str], Meta(description="Why each of these that is not known is not known.")]


class LegInterest(msgspec.Struct, frozen=True):
    """The open interest of one option."""

    oi: int | None
    oi_change: int | None
    oi_change_open: int | None
    build_up: BuildUp | None
    reasons: Annotated[dict[str, str], Meta(description="Why each of these that is not known is not known.")]

    @classmethod
    def of(cls, leg: Leg | None) -> Self | None:
        """Of a leg; None where there is none."""
        return None if leg is None else cls(leg.oi, leg.oi_change, leg.oi_change_open, leg.build_up, leg.reasons)


class StrikeInterest(msgspec.Struct, frozen=True):
    """The open interest of a strike."""

    strike: float
    ce: LegInterest | None
    pe: LegInterest | None

    @classmethod
    def of(cls, legs: StrikeLegs) -> Self:
        """Of a strike's legs."""
        return cls(legs.strike, LegInterest.of(legs.ce), LegInterest.of(legs.pe))


class OpenInterest(msgspec.Struct, frozen=True, kw_only=True):
    """What the open interest of a chain says."""

    symbol: Symbol
    underlying: str
    expiry: date
    as_of: Annotated[int, Meta(description="The instant of all of it, unix milliseconds.")]
    day: Annotated[date | None, Meta(description="The trading day from whose open oi_change_open counts.")]
    previous_day: Annotated[date | None, Meta(description="The trading day from whose close oi_change counts.")]
    spot: float | None
    forward: float | None
    atm: float | None
    pcr_oi: Annotated[float | None, Meta(description="Open interest of puts by that of calls.")]
    pcr_volume: float | None
    max_pain: Annotated[float | None, Meta(description="The strike at which all holders together would get least.")]
    ce: SideInterest
    pe: SideInterest
    strikes: list[StrikeInterest]
    reasons: Annotated[dict[str, str], Meta(description="Why each of these that is not known is not known.")]
    degraded: Degraded
    data: DataKind

    @classmethod
    def of(cls, chain: Chain) -> Self:
        """What of a chain is of interest."""
        calls = [legs.ce for legs in chain.strikes if legs.ce is not None]
        puts = [legs.pe for legs in chain.strikes if legs.pe is not None]
        same = frozenset(Chain.__struct_fields__) & frozenset(cls.__struct_fields__) - {"strikes", "reasons"}
        return cls(
            **{name: getattr(chain, name) for name in same},
            reasons={name: why for name, why in chain.reasons.items() if name in same},
            ce=_side("ce", calls, chain),
            pe=_side("pe", puts, chain),
            strikes=[StrikeInterest.of(legs) for legs in chain.strikes],
        )


class ChainHistory(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a chain, minute by minute, the oldest first."""

    items: list[ChainSummary]
    next_page_token: None
    symbol: Symbol
    underlying: str
    expiry: date
    start_date: Annotated[date, Meta(description="The exchange's day.")]
    end_date: date
    timezone: str
    data: DataKind


def _side(side: str, legs: list[Leg], chain: Chain) -> SideInterest:
    told: dict[str, Any] = {name: getattr(chain, f"{side}_{name}") for name in ("oi", "volume", "walls")}
    changes: dict[str, Any] = {
        name: _sum(getattr(leg, name) for leg in legs) for name in ("oi_change", "oi_change_open")
    }
    why = {name: chain.reasons[f"{side}_{name}"] for name in told if f"{side}_{name}" in chain.reasons}
    unchanged = Unknown.NOT_HEARD if "oi" in why else Unknown.NO_BASELINE
    why |= {name: str(unchanged) for name, change in changes.items() if change is None}
    return SideInterest(**told, **changes, reasons=why)


def _sum(changes: Iterable[int | None]) -> int | None:
    """Of what is known; None where nothing is."""
    known = [change for change in changes if change is not None]
    return sum(known) if known else None
