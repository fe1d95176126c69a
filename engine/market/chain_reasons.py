"""Why a chain does not know some of its figures: what can not be computed is null with its reason, never 0."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

import numpy as np

from engine.market.chain_snapshot import ChainSnapshot, Leg
from engine.market.derivatives import is_on_future
from engine.market.normal import Array


class Unknown(StrEnum):
    """Why a figure of a chain or its legs is not known; of the volatility at the money it may also be a leg's reason."""

    NOT_LISTED = "not_listed"
    """There is no such instrument."""
    NOT_HEARD = "not_heard"
    """Nobody has told it yet, of any option where it is of all of them."""
    OLD = "old"
    """The price that it would be of is old, and the exchange is open."""
    NO_FORWARD = "no_forward"
    """It is not known what the options are on costs."""
    NO_PRICE = "no_price"
    """One of both options at the money neither was traded nor is quoted on both sides."""
    NO_CALLS = "no_calls"
    """Nothing stands on the calls' side that puts could be divided by."""
    NO_INTEREST = "no_interest"
    """There is no open interest."""
    NO_BASELINE = "no_baseline"
    """What the change is counted from is not known; of a whole side: of none of its options."""
    NO_DAY = "no_day"
    """The exchange did not open in the month before."""


def reasons(chain: ChainSnapshot, *, has_vix: bool) -> dict[str, str]:
    """Why each figure that a chain does not know is not known, by its field. ``has_vix``: its exchange publishes one."""
    missing = [name for name in _REASONS if getattr(chain, name) in (None, ())]
    found = {name: str(_REASONS[name](chain)) for name in missing}
    if not has_vix:
        found |= dict.fromkeys(found.keys() & {"vix", "vix_age_ms"}, str(Unknown.NOT_LISTED))
    return found


def interest_reasons(interest: Array, previous: Array, first: Array) -> list[dict[str, str]]:
    """Why each leg's open interest and the changes of it are not known, by field; ``previous`` and ``first`` are baselines."""
    lacking = np.where(np.isnan(interest), len(_BASELINES), np.isnan(previous) + 2 * np.isnan(first))
    return [_INTEREST[place] for place in lacking.tolist()]


def _future_price(chain: ChainSnapshot) -> str:
    return Unknown.NOT_LISTED if chain.future is None else Unknown.NOT_HEARD


def _forward(chain: ChainSnapshot) -> str:
    heard = chain.future_price if is_on_future(chain.underlying) else chain.spot
    return Unknown.NOT_HEARD if heard is None else Unknown.OLD


def _at_the_money(chain: ChainSnapshot) -> str:
    return Unknown.NOT_LISTED if not chain.strikes else Unknown.NO_FORWARD


def _volatility(chain: ChainSnapshot) -> str:
    """What the call says, or the put where there is no call."""
    told = [leg.reason for leg in _pair(chain) if leg is not None and leg.reason]
    return told[0] if told else _at_the_money(chain)


def _straddle(chain: ChainSnapshot) -> str:
    if chain.atm is None:
        return _at_the_money(chain)
    return Unknown.NOT_LISTED if None in _pair(chain) else Unknown.NO_PRICE


def _pair(chain: ChainSnapshot) -> tuple[Leg | None, Leg | None]:
    """Both options at the money."""
    found = ((strike.ce, strike.pe) for strike in chain.strikes if strike.strike == chain.atm)
    return next(found, (None, None))


def _ratio(puts: int | None, calls: int | None) -> str:
    return Unknown.NOT_HEARD if puts is None or calls is None else Unknown.NO_CALLS


def _of_interest(*sides: int | None) -> str:
    return Unknown.NOT_HEARD if None in sides else Unknown.NO_INTEREST


def _not_heard(_: ChainSnapshot) -> str:
    return Unknown.NOT_HEARD


_REASONS: Final[Mapping[str, Callable[[ChainSnapshot], str]]] = {
    "spot": _not_heard,
    "spot_age_ms": _not_heard,
    "future": lambda _: Unknown.NOT_LISTED,
    "future_price": _future_price,
    "future_age_ms": _future_price,
    "forward": _forward,
    "forward_source": lambda _: Unknown.NO_FORWARD,
    "forward_age_ms": lambda _: Unknown.NO_FORWARD,
    "vix": _not_heard,
    "vix_age_ms": _not_heard,
    "atm": _at_the_money,
    "atm_iv": _volatility,
    "straddle": _straddle,
    "ce_oi": _not_heard,
    "pe_oi": _not_heard,
    "ce_volume": _not_heard,
    "pe_volume": _not_heard,
    "pcr_oi": lambda chain: _ratio(chain.pe_oi, chain.ce_oi),
    "pcr_volume": lambda chain: _ratio(chain.pe_volume, chain.ce_volume),
    "max_pain": lambda chain: _of_interest(chain.ce_oi, chain.pe_oi),
    "ce_walls": lambda chain: _of_interest(chain.ce_oi),
    "pe_walls": lambda chain: _of_interest(chain.pe_oi),
    "previous_day": lambda _: Unknown.NO_DAY,
}
"""By each figure that may be unknown; asked only for those that are."""

_CHANGE: Final = {"oi_change": str(Unknown.NO_BASELINE)}
_CHANGE_OPEN: Final = {"oi_change_open": str(Unknown.NO_BASELINE)}
_BASELINES: Final[tuple[dict[str, str], ...]] = ({}, _CHANGE, _CHANGE_OPEN, _CHANGE | _CHANGE_OPEN)
"""By which baselines are not known: the previous close's counts one, today's first two."""
_INTEREST: Final = (*_BASELINES, dict.fromkeys(("oi", *_CHANGE, *_CHANGE_OPEN), str(Unknown.NOT_HEARD)))
"""Thousands of legs share these: nobody changes them."""
