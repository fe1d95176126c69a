"""Dhan's option chains and expiry days, over REST: one call in three seconds."""

import random
from collections.abc import Callable
from datetime import date
from functools import partial
from math import isfinite
from typing import Any, Final, TypeVar

import msgspec

from engine.market.option_chain import Greeks, OptionChain, OptionLeg, Strike
from engine.providers.base import ProviderError, Route
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.calls import Caller, Lane
from engine.providers.dhan.client import DhanClient
from engine.providers.keyring import Keyring
from engine.providers.rate_limiter import UNSHARED, Budget, Share
from engine.providers.retry import RetryPolicy
from engine.providers.secret import fingerprint

T = TypeVar("T")

CALLS_PER_SECOND: Final = 0.3
"""Dhan allows one in three seconds; calls arrive unevenly, so a little less is asked for."""
_TIMEOUT_S: Final = 15.0


class DhanOptions:
    """Which options an underlying has, and how they stand. Use it from one trio loop; ``close`` it at the end."""

    def __init__(
        self,
        keyring: Keyring,
        endpoints: DhanEndpoints | None = None,
        *,
        name: str = "dhan",
        calls_per_second: float = CALLS_PER_SECOND,
        retry: RetryPolicy | None = None,
        jitter: Callable[[], float] = random.random,
        budget: Budget = UNSHARED,
    ) -> None:
        """``budget`` is what all processes may ask for together that use this account."""
        self.name = name
        self._client = DhanClient(keyring, (endpoints or DhanEndpoints()).rest_url, timeout_s=_TIMEOUT_S)
        self._caller = Caller(_TIMEOUT_S, retry, jitter)
        account = fingerprint(keyring.credential.identity if keyring.credential else "")
        self._lane = Lane(Share(budget, f"{name}/{account}/options", calls_per_second))

    async def expiries(self, underlying: Route) -> list[date]:
        """The days on which options of an instrument expire, the next one first; none for what has no options."""
        call = partial(self._client.expiries, int(underlying.security_id), underlying.segment)
        return await self._caller.ask(self._lane, call, read_expiries) or []

    async def chain(self, underlying: Route, expiry: date) -> OptionChain:
        """The options of an instrument that expire on a day; without strikes where there are none."""
        call = partial(self._client.option_chain, int(underlying.security_id), underlying.segment, expiry.isoformat())
        read = partial(read_chain, underlying=underlying, expiry=expiry, provider=self.name)
        chain = await self._caller.ask(self._lane, call, read)
        return chain or OptionChain(underlying.instrument, expiry, None, (), self.name)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()


class _Expiries(msgspec.Struct):
    data: list[date]


class _Leg(msgspec.Struct):
    average_price: float | None = None
    greeks: Greeks = Greeks()
    implied_volatility: float | None = None
    last_price: float | None = None
    oi: float | None = None
    previous_close_price: float | None = None
    previous_oi: float | None = None
    previous_volume: float | None = None
    security_id: int | str | None = None
    top_ask_price: float | None = None
    top_ask_quantity: float | None = None
    top_bid_price: float | None = None
    top_bid_quantity: float | None = None
    volume: float | None = None


class _Legs(msgspec.Struct):
    ce: _Leg | None = None
    pe: _Leg | None = None


class _Strikes(msgspec.Struct):
    oc: dict[str, _Legs]
    last_price: float | None = None


class _Chain(msgspec.Struct):
    data: _Strikes


def read_expiries(body: Any) -> list[date]:
    """The days of an answer, sorted."""
    return sorted(_read(body, _Expiries).data)


def read_chain(body: Any, *, underlying: Route, expiry: date, provider: str) -> OptionChain:
    """The chain of an answer; strikes that are no numbers are left out."""
    found = _read(body, _Chain).data
    strikes = [(_number(text), legs) for text, legs in found.oc.items()]
    told = [Strike(price, _leg(legs.ce), _leg(legs.pe)) for price, legs in strikes if price]
    told.sort(key=lambda strike: strike.price)
    return OptionChain(underlying.instrument, expiry, _finite(found.last_price), tuple(told), provider)


def _leg(leg: _Leg | None) -> OptionLeg | None:
    if leg is None:
        return None
    return OptionLeg(
        provider_symbol=None if leg.security_id is None else str(leg.security_id),
        price=_finite(leg.last_price),
        average_price=_finite(leg.average_price),
        bid=_finite(leg.top_bid_price),
        bid_quantity=_whole(leg.top_bid_quantity),
        ask=_finite(leg.top_ask_price),
        ask_quantity=_whole(leg.top_ask_quantity),
        volume=_whole(leg.volume),
        open_interest=_whole(leg.oi),
        implied_volatility=_finite(leg.implied_volatility),
        greeks=leg.greeks,
        previous_close=_finite(leg.previous_close_price),
        previous_volume=_whole(leg.previous_volume),
        previous_open_interest=_whole(leg.previous_oi),
    )


def _number(text: str) -> float | None:
    try:
        return _finite(float(text))
    except ValueError:
        return None


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _whole(quantity: float | None) -> int | None:
    return round(quantity) if quantity is not None and isfinite(quantity) else None


def _read(body: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise ProviderError(f"Dhan's answer has an unknown form: {error}") from error
