from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market import (
    Instrument,
    InstrumentKind,
    OptionType,
    SegmentKey,
    Symbol,
    SymbolError,
    SymbolTable,
    format_derivative,
    is_segment_key,
    parse_segment_key,
    parse_symbol,
)

NOVEMBER = date(2026, 11, 26)
KNOWN = [
    "NSE:RELIANCE", "BSE:RELIANCE", "NSE:NIFTY", "NSE:M&M", "NSE:BAJAJ-AUTO", "NSE:RELINFRA", "BSE:TCS",
    "NFO:NIFTY26NOV26FUT", "NFO:NIFTY26NOV2624500CE", "NFO:NIFTY1!", "NASDAQ:AAPL", "COMEX:GC",
]  # fmt: skip
TABLE = SymbolTable(["NSE", "BSE", "NFO", "NASDAQ"], KNOWN, {"NSE_EQ:1333": "NSE:HDFCBANK"})


@pytest.mark.parametrize(
    ("text", "underlying", "strike"),
    [
        ("NFO:NIFTY26NOV26FUT", "NIFTY", None),
        ("NFO:NIFTY26NOV2624500CE", "NIFTY", 24500.0),
        ("NFO:NIFTYNXT5026NOV26FUT", "NIFTYNXT50", None),
        ("NFO:NIFTYNXT5026NOV2668000PE", "NIFTYNXT50", 68000.0),
        ("NFO:M&M26NOV263600CE", "M&M", 3600.0),
        ("NFO:BAJAJ-AUTO26NOV269200CE", "BAJAJ-AUTO", 9200.0),
        ("NFO:IDEA26NOV267.5PE", "IDEA", 7.5),
        ("NFO:MARUTI26NOV26FUT", "MARUTI", None),
        ("NFO:20MICRONS26NOV26FUT", "20MICRONS", None),
        ("nfo:nifty26nov26fut", "NIFTY", None),
    ],
)
def test_a_derivative_tells_underlying_expiry_and_strike(text: str, underlying: str, strike: float | None) -> None:
    symbol = parse_symbol(text)
    assert (symbol.exchange, symbol.underlying, symbol.expiry, symbol.strike) == ("NFO", underlying, NOVEMBER, strike)
    assert symbol.kind == (InstrumentKind.FUTURE if strike is None else InstrumentKind.OPTION)
    assert symbol.canonical == text.upper()


def test_a_strike_has_one_spelling() -> None:
    assert parse_symbol("NFO:NIFTY26NOV2624500.00CE").canonical == "NFO:NIFTY26NOV2624500CE"
    assert parse_symbol("NFO:NIFTY26NOV2624500.50CE").canonical == "NFO:NIFTY26NOV2624500.5CE"


def test_a_day_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SymbolError, match="there is no 31 NOV 26"):
        parse_symbol("NFO:NIFTY31NOV26FUT")


@given(
    underlying=st.from_regex(r"[A-Z][A-Z0-9&-]{0,9}[A-Z0-9]", fullmatch=True),
    expiry=st.dates(date(2020, 1, 1), date(2099, 12, 31)),
    paise=st.none() | st.integers(1, 10_000_000),
    option_type=st.sampled_from(OptionType),
)
def test_what_is_written_reads_back(underlying: str, expiry: date, paise: int | None, option_type: OptionType) -> None:
    strike = None if paise is None else paise / 100
    symbol = parse_symbol(
        "NFO:" + format_derivative(underlying, expiry, strike, None if strike is None else option_type)
    )
    assert (symbol.underlying, symbol.expiry, symbol.strike) == (underlying, expiry, strike)
    assert symbol.option_type == (None if strike is None else option_type)


def test_a_continuous_future_has_a_rank() -> None:
    assert parse_symbol("NFO:NIFTY1!") == Symbol("NIFTY1!", "NFO", InstrumentKind.FUTURE, "NIFTY", rank=1)
    assert parse_symbol("NFO:NIFTYNXT502!").underlying == "NIFTYNXT50"


@pytest.mark.parametrize("name", ["M&M", "BAJAJ-AUTO", "20MICRONS", "^NSEI", "BRK.B", "NIFTY 50", "TATAMOTORS*"])
def test_names_of_every_exchange_are_symbols(name: str) -> None:
    assert parse_symbol(f"NSE:{name}") == Symbol(name, "NSE")
    assert parse_symbol(name) == Symbol(name)


@pytest.mark.parametrize(
    "text", ["", " ", ":", "NSE:", ":RELIANCE", "NSE:REL:IANCE", "NSE:REL\nIANCE", "N SE:X", "NSE:€", "*"]
)
def test_what_is_no_symbol_is_refused(text: str) -> None:
    with pytest.raises(SymbolError):
        parse_symbol(text)


@given(st.text(max_size=40) | st.from_regex(r"[A-Z]{2,5}:[A-Z0-9&]{1,9}[0-9]{2}NOV26(FUT|[0-9.]{1,6}CE)"))
def test_any_text_is_a_symbol_or_refused(text: str) -> None:
    try:
        symbol = parse_symbol(text)
    except SymbolError:
        return
    assert parse_symbol(symbol.canonical) == symbol


def test_a_bare_symbol_means_the_first_default_exchange_that_lists_it() -> None:
    assert TABLE.resolve("RELIANCE") == "NSE:RELIANCE"
    assert TABLE.resolve(" tcs ") == "BSE:TCS"
    assert TABLE.resolve("NIFTY26NOV2624500CE") == "NFO:NIFTY26NOV2624500CE"
    assert TABLE.resolve("NIFTY1!") == "NFO:NIFTY1!"
    assert TABLE.resolve("BSE:RELIANCE") == "BSE:RELIANCE"
    assert TABLE.resolve("COMEX:GC") == "COMEX:GC"
    assert SymbolTable(["BSE", "NSE"], KNOWN).resolve("RELIANCE") == "BSE:RELIANCE"


def test_an_unknown_symbol_is_refused_with_near_names() -> None:
    with pytest.raises(SymbolError, match=r"'RELIANSE'; did you mean (NSE|BSE):RELIANCE") as refused:
        TABLE.resolve("RELIANSE")
    assert len(refused.value.near) <= 3
    with pytest.raises(SymbolError, match="did you mean BSE:TCS"):
        TABLE.resolve("NSE:TCS")
    with pytest.raises(SymbolError, match=r"'ZZZZZZZZZZZZ'$"):
        TABLE.resolve("ZZZZZZZZZZZZ")


def test_a_symbol_of_an_exchange_that_is_no_default_needs_its_name() -> None:
    with pytest.raises(SymbolError):
        TABLE.resolve("GC")


def test_segment_keys_are_told_from_symbols_and_resolved() -> None:
    assert parse_segment_key("nse_eq:1333") == SegmentKey("NSE_EQ", "1333")
    assert str(SegmentKey("NSE_EQ", "1333")) == "NSE_EQ:1333"
    assert is_segment_key("NSE_EQ:1333")
    assert not is_segment_key("NSE:RELIANCE")
    assert TABLE.resolve("NSE_EQ:1333") == "NSE:HDFCBANK"
    with pytest.raises(SymbolError, match="no instrument is mapped to it"):
        TABLE.resolve("NSE_EQ:1")
    with pytest.raises(SymbolError, match="SEGMENT:ID"):
        parse_segment_key("NSE_EQ")
    with pytest.raises(SymbolError, match="SEGMENT:ID"):
        TABLE.resolve("NSE_EQ:")


def test_the_table_knows_what_it_holds() -> None:
    assert "NSE:M&M" in TABLE
    assert "NSE:ZZZ" not in TABLE
    assert len(TABLE) == len(KNOWN)


def test_an_instrument_goes_by_exchange_and_symbol() -> None:
    share = Instrument(1, "NSE", "RELIANCE", "Reliance Industries", InstrumentKind.EQUITY, 0.1)
    option = Instrument(
        2, "NFO", format_derivative("NIFTY", NOVEMBER, 24500, "CE"), "NIFTY 26 NOV 24500 CALL", InstrumentKind.OPTION,
        0.05, 75, NOVEMBER, 24500.0, OptionType.CALL, "NIFTY",
    )  # fmt: skip
    assert (share.canonical, option.canonical) == ("NSE:RELIANCE", "NFO:NIFTY26NOV2624500CE")
    assert (share.is_derivative, option.is_derivative) == (False, True)
