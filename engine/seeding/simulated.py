"""The simulated exchange's instruments, as it lists them itself."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from http.client import HTTPException
from typing import Any
from urllib.request import ProxyHandler, build_opener

import msgspec

from config.settings import SIMULATED
from engine.market import Instrument
from engine.market.instrument import InstrumentKind, OptionType
from engine.providers.base import ProviderError
from engine.seeding.book import SeedBook
from engine.seeding.rules import EVER, mapped_by_rule
from engine.storage.durable import ProviderMapping

_PATIENCE_S = 10.0
_BY_RULE = {
    "simulator_yahoo": "yahoo",
    "simulator_databento": "databento",
    "simulator_relay": "databento_relay",
}
"""Providers that it plays, and that call instruments as those do."""


def listed(rest_url: str) -> SeedBook:
    """What the exchange at this address lists; blocks for as long as it takes to answer, ten seconds at most."""
    url = f"{rest_url.removesuffix('/v2')}/instruments"
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=_PATIENCE_S) as answer:  # loopback is no proxy's business
            rows: list[dict[str, Any]] = json.load(answer)
    except (OSError, HTTPException, ValueError) as error:
        raise ProviderError(f"The simulated exchange's list can not be had from {url}: {error}.") from error
    return book_of(rows)


def book_of(rows: Sequence[Mapping[str, Any]]) -> SeedBook:
    """The exchange's list in our words, and how each of the providers that it plays calls them."""
    instruments = [_instrument(row) for row in rows]
    named = [_mappings(provider, rows, instruments) for provider in SIMULATED]
    return SeedBook(instruments, [mapping for mappings in named for mapping in mappings])


def _mappings(
    provider: str, rows: Sequence[Mapping[str, Any]], instruments: Sequence[Instrument]
) -> Sequence[ProviderMapping]:
    rule = _BY_RULE.get(provider)
    if rule is None:
        found = ((row, row["routes"].get(provider)) for row in rows)
        return [_mapping(row, provider, route) for row, route in found if route is not None]
    return [msgspec.structs.replace(mapping, provider=provider) for mapping in mapped_by_rule(rule, instruments)]


def _instrument(row: Mapping[str, Any]) -> Instrument:
    return Instrument(
        id=0,
        exchange=row["exchange"],
        symbol=row["symbol"],
        name=row["name"],
        kind=InstrumentKind(row["kind"]),
        tick_size=row["tick_size"],
        lot_size=row["lot_size"],
        expiry=date.fromisoformat(row["expiry"]) if row["expiry"] else None,
        strike=row["strike"],
        option_type=OptionType(row["option_type"]) if row["option_type"] else None,
        underlying=row["underlying"] and row["underlying"].partition(":")[2],
    )


def _mapping(row: Mapping[str, Any], provider: str, route: Sequence[str]) -> ProviderMapping:
    segment, symbol = route
    return ProviderMapping(
        provider=provider, instrument=row["instrument"], segment=segment, provider_symbol=symbol, valid_from=EVER
    )
