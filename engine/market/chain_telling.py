"""The telling of a chain: the snapshot of what was heard, what it is worth, and what open interest says."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.market.chain_reading import ChainReading
from engine.market.chain_reasons import interest_reasons, reasons
from engine.market.chain_snapshot import ChainSnapshot, Leg, StrikeLegs
from engine.market.chain_valuation import Valuation
from engine.market.greeks import DAYS_A_YEAR
from engine.market.implied_volatility import REASONS, Reason
from engine.market.leg_quality import QUALITIES, qualities
from engine.market.normal import Array
from engine.market.open_interest import BUILD_UPS, build_ups, max_pain, put_call_ratio, walls
from engine.market.quote_columns import Heard

_MS: Final = 1_000_000
_DIGITS: Final = 6
_PRICED_BY: Final = (None, "mid", "ltp")
_BELOW: Final = REASONS.index(Reason.BELOW_INTRINSIC)
_GAMMA_DIGITS: Final = 10
"""A gamma is a delta by a price, and prices go up to 100,000."""


class _Totals(NamedTuple):
    """Of one figure over all strikes, None where it is known of none; and by strike, 0 where it is not known."""

    all_calls: int | None
    all_puts: int | None
    calls: Array
    puts: Array

    @classmethod
    def of(cls, column: Array) -> "_Totals":
        calls, puts = np.split(column, 2)
        return cls(_total(calls), _total(puts), np.nan_to_num(calls), np.nan_to_num(puts))

    @property
    def ratio(self) -> float | None:
        if self.all_calls is None or self.all_puts is None:
            return None
        return put_call_ratio(self.all_puts, self.all_calls)

    def pain(self, strikes: Array) -> float | None:
        """None also where one side is not known: all the pain would be the other's."""
        return None if self.all_calls is None or self.all_puts is None else max_pain(strikes, self.calls, self.puts)


class _Beside(NamedTuple):
    """What something beside the legs costs, and how old that is."""

    price: float | None
    age_ms: int | None

    @classmethod
    def of(cls, heard: Heard | None, as_of_ns: int) -> "_Beside":
        return cls(None, None) if heard is None else cls(heard.price, _age_ms(heard.heard_ns, as_of_ns))


def tell(reading: ChainReading, valued: Valuation) -> ChainSnapshot:
    """What a chain says, and why it does not say the rest."""
    told = _figures(reading, valued)
    return msgspec.structs.replace(told, reasons=reasons(told, has_vix=reading.has_vix))


def _figures(reading: ChainReading, valued: Valuation) -> ChainSnapshot:
    legs, forward, atm = reading.legs, reading.forward, reading.atm
    spot, future, vix = (
        _Beside.of(heard, reading.as_of_ns) for heard in (reading.spot, reading.future_price, reading.vix)
    )
    interest, volume = _Totals.of(reading.quotes.interest), _Totals.of(reading.quotes.volume)
    return ChainSnapshot(
        underlying=reading.underlying,
        expiry=reading.expiry,
        expires_at=reading.expires_ns // _MS,
        as_of=reading.as_of_ns // _MS,
        days=reading.years * DAYS_A_YEAR,
        spot=spot.price,
        spot_age_ms=spot.age_ms,
        future=reading.future,
        future_price=future.price,
        future_age_ms=future.age_ms,
        forward=None if forward is None else round(forward.price, _DIGITS),
        forward_source=None if forward is None else forward.source,
        forward_age_ms=None if forward is None else _age_ms(forward.heard_ns, reading.as_of_ns),
        rate=reading.rate,
        vix=vix.price,
        vix_age_ms=vix.age_ms,
        day=reading.day,
        previous_day=reading.previous_day,
        atm=None if atm is None else float(legs.strikes[atm]),
        atm_iv=_averaged(_pair(valued.volatility, atm)),
        straddle=_added(_pair(reading.prices.price, atm)),
        ce_oi=interest.all_calls,
        pe_oi=interest.all_puts,
        ce_volume=volume.all_calls,
        pe_volume=volume.all_puts,
        pcr_oi=interest.ratio,
        pcr_volume=volume.ratio,
        max_pain=interest.pain(legs.strikes),
        ce_walls=walls(legs.strikes, interest.calls),
        pe_walls=walls(legs.strikes, interest.puts),
        strikes=_strikes(reading, valued),
        provider=reading.chief_provider,
    )


def _age_ms(heard_ns: int, as_of_ns: int) -> int:
    return (as_of_ns - heard_ns) // _MS


def _total(column: Array) -> int | None:
    known = column[~np.isnan(column)]
    return int(known.sum()) if len(known) else None


def _pair(column: Array, row: int | None) -> list[float]:
    """A figure of the options of a strike, as far as it is known."""
    if row is None:
        return []
    return [figure for figure in _numbers(column[[row, row + len(column) // 2]]) if figure is not None]


def _averaged(pair: Sequence[float]) -> float | None:
    return round(sum(pair) / len(pair), _DIGITS) if pair else None


def _added(pair: Sequence[float]) -> float | None:
    return round(sum(pair), _DIGITS) if len(pair) == 2 else None


def _strikes(reading: ChainReading, valued: Valuation) -> tuple[StrikeLegs, ...]:
    legs = _legs(reading, valued)
    strikes = reading.legs.strikes.tolist()
    return tuple(map(StrikeLegs, strikes, legs[: len(strikes)], legs[len(strikes) :]))


def _legs(reading: ChainReading, valued: Valuation) -> list[Leg | None]:
    """All legs by place; None where no option is listed."""
    columns = {**_heard(reading), **_reckoned(reading, valued)}
    legs = map(Leg, *(columns[field] for field in Leg.__struct_fields__))  # by position: a third of the time of by name
    return [None if name is None else leg for name, leg in zip(reading.legs.names, legs, strict=True)]


def _heard(reading: ChainReading) -> dict[str, list[Any]]:
    """Columns of what was heard, by field of a leg."""
    quotes = reading.quotes
    age_ms = np.where(quotes.heard_ns > 0, (reading.as_of_ns - quotes.heard_ns) // _MS, np.nan)
    sides_age_ms = np.where(np.isnan(quotes.bid), np.nan, (reading.as_of_ns - quotes.quoted_ns) // _MS)
    return {
        "instrument": reading.legs.names,
        "ltp": _numbers(quotes.last),
        "bid": _numbers(np.where(quotes.bid > 0.0, quotes.bid, np.nan)),
        "ask": _numbers(np.where(quotes.ask > 0.0, quotes.ask, np.nan)),
        "volume": _counts(quotes.volume),
        "oi": _counts(quotes.interest),
        "oi_change": _counts(quotes.interest - quotes.previous_interest),
        "oi_change_open": _counts(quotes.interest - quotes.first_interest),
        "previous_close": _numbers(quotes.previous_close),
        "quote_age_ms": _counts(age_ms),
        "bid_ask_age_ms": _counts(sides_age_ms),
        "polled": quotes.polled.tolist(),
        "reasons": interest_reasons(quotes.interest, quotes.previous_interest, quotes.first_interest),
    }


def _reckoned(reading: ChainReading, valued: Valuation) -> dict[str, list[Any]]:
    """Columns of what follows from it."""
    quotes, (price, by_mid), greeks = reading.quotes, reading.prices, valued.greeks
    below_intrinsic = valued.reason == _BELOW
    return {
        "iv": _rounded(valued.volatility),
        "delta": _rounded(greeks.delta),
        "gamma": _rounded(greeks.gamma, _GAMMA_DIGITS),
        "theta": _rounded(greeks.theta),
        "vega": _rounded(greeks.vega),
        "reason": _named(REASONS, valued.reason),
        "priced_by": _named(_PRICED_BY, np.where(np.isnan(price), 0, np.where(by_mid, 1, 2))),
        "quality": _named(QUALITIES, qualities(quotes, price, below_intrinsic=below_intrinsic, stale=reading.stale)),
        "build_up": _named(
            BUILD_UPS, build_ups(price - quotes.previous_close, quotes.interest - quotes.previous_interest)
        ),
    }


def _named(names: Sequence[str | None], places: NDArray[np.int64]) -> list[str | None]:
    return [names[place] for place in places.tolist()]


def _rounded(column: Array, digits: int = _DIGITS) -> list[Any]:
    return _numbers(np.round(column, digits))


def _numbers(column: Array) -> list[Any]:
    """A column's figures; None is what is not known."""
    figures = column.astype(np.object_)
    figures[np.isnan(column)] = None
    return figures.tolist()


def _counts(column: Array) -> list[Any]:
    """The same of quantities, in whole units."""
    known = ~np.isnan(column)
    figures = np.full(len(column), None, np.object_)
    figures[known] = column[known].astype(np.int64)
    return figures.tolist()
