"""Providers without a list: what comes with the program, what is added by name, and how each calls it."""

from datetime import date

import pytest

from engine.market import Instrument
from engine.market.errors import SymbolError
from engine.market.instrument import InstrumentKind
from engine.seeding import AddError, exchanges, known_instruments, mapped_by_rule, share_of
from engine.seeding.rules import EVER


def instrument(exchange: str, symbol: str, kind: InstrumentKind, expiry: date | None = None) -> Instrument:
    return Instrument(0, exchange, symbol, symbol, kind, 0.05, expiry=expiry)


LISTED = [
    instrument("NSE", "RELIANCE", InstrumentKind.EQUITY),
    instrument("NSE", "NIFTY", InstrumentKind.INDEX),
    instrument("NSE", "NIFTYPSE", InstrumentKind.INDEX),
    instrument("NFO", "NIFTY26NOV26FUT", InstrumentKind.FUTURE, date(2026, 11, 26)),
    instrument("COMEX", "GC", InstrumentKind.FUTURE),
    instrument("NYSE", "BRK.B", InstrumentKind.EQUITY),
]


def called(provider: str, *only: str) -> dict[str, str]:
    mappings = mapped_by_rule(provider, LISTED, frozenset(only) or None)
    assert {mapping.valid_from for mapping in mappings} == {EVER}
    assert all(mapping.segment == mapping.instrument.partition(":")[0] for mapping in mappings)
    return {mapping.instrument: mapping.provider_symbol for mapping in mappings}


def test_each_provider_has_its_own_spelling_and_leaves_out_what_it_does_not_carry() -> None:
    assert called("yahoo") == {
        "NSE:RELIANCE": "RELIANCE.NS",
        "NSE:NIFTY": "^NSEI",
        "COMEX:GC": "GC=F",
        "NYSE:BRK.B": "BRK-B",
    }
    assert called("databento") == {"COMEX:GC": "GC.c.0", "NYSE:BRK.B": "BRK.B"}
    assert called("databento_relay") == {"COMEX:GC": "GC"}


def test_only_instruments_of_the_named_exchanges_are_mapped() -> None:
    assert called("yahoo", "COMEX", "NYMEX") == {"COMEX:GC": "GC=F"}


def test_what_comes_with_the_program_trades_at_exchanges_that_come_with_it() -> None:
    codes = {exchange.code for exchange in exchanges()}
    for provider in ("yahoo", "databento", "databento_relay"):
        known = known_instruments(provider)
        assert {one.exchange for one in known} <= codes
        assert len({one.canonical for one in known}) == len(known)
        assert {"COMEX:GC", "COMEX:SI", "NYMEX:CL", "CME:ES", "CME:NQ"} <= {one.canonical for one in known}
    assert {one.exchange for one in known_instruments("yahoo", frozenset({"NASDAQ"}))} == {"NASDAQ"}
    assert {one.kind for one in known_instruments("databento_relay")} == {InstrumentKind.FUTURE}


def test_a_share_of_new_york_is_added_by_its_name_and_nothing_else_is() -> None:
    added = share_of("nasdaq:pltr")
    assert (added.canonical, added.kind, added.tick_size, added.lot_size) == (
        "NASDAQ:PLTR",
        InstrumentKind.EQUITY,
        0.01,
        1,
    )
    for name in ("NSE:PLTR", "PLTR", "NYSE:X26NOV26FUT"):
        with pytest.raises(AddError, match="only shares of NASDAQ and NYSE are added by name"):
            share_of(name)
    with pytest.raises(SymbolError):
        share_of("NASDAQ:")
