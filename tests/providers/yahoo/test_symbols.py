import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.instrument import InstrumentKind
from engine.providers.yahoo.symbols import canonical_name, is_symbol, provider_symbol

SPELLINGS = {
    "NSE:RELIANCE": "RELIANCE.NS",
    "BSE:RELIANCE": "RELIANCE.BO",
    "NSE:M&M": "M&M.NS",
    "NSE:BAJAJ-AUTO": "BAJAJ-AUTO.NS",
    "NSE:NIFTY": "^NSEI",
    "NSE:BANKNIFTY": "^NSEBANK",
    "BSE:SENSEX": "^BSESN",
    "NASDAQ:AAPL": "AAPL",
    "NYSE:BRK.B": "BRK-B",
    "COMEX:GC": "GC=F",
    "COMEX:SI": "SI=F",
    "NYMEX:CL": "CL=F",
    "CME:ES": "ES=F",
    "CME:NQ": "NQ=F",
}


@pytest.mark.parametrize(("instrument", "symbol"), SPELLINGS.items())
def test_names_are_spelled_by_rule_both_ways(instrument: str, symbol: str) -> None:
    assert provider_symbol(instrument) == symbol
    assert canonical_name(instrument.partition(":")[0], symbol) == instrument


def test_the_first_continuous_contract_is_the_front_one() -> None:
    assert provider_symbol("COMEX:GC1!") == "GC=F"
    assert provider_symbol("COMEX:GC2!") is None


@pytest.mark.parametrize(
    "instrument",
    ["NFO:NIFTY26NOV26FUT", "NFO:NIFTY26NOV2624500CE", "COMEX:GC29DEC26FUT", "MCX:GOLD", "AAPL", "NSE:A B", "NYSE:X*"],
)
def test_what_yahoo_does_not_have_is_not_guessed(instrument: str) -> None:
    assert provider_symbol(instrument) is None


def test_an_index_without_a_known_name_is_not_taken_for_a_share() -> None:
    assert provider_symbol("NSE:NIFTYIT") == "NIFTYIT.NS"
    assert provider_symbol("NSE:NIFTYIT", InstrumentKind.INDEX) is None
    assert provider_symbol("NSE:NIFTY", "index") == "^NSEI"


@pytest.mark.parametrize(
    ("exchange", "symbol"),
    [("BSE", "^NSEI"), ("NSE", "RELIANCE.BO"), ("COMEX", "GC"), ("NASDAQ", "^IXIC"), ("NYSE", "GC=F"), ("MCX", "AAPL")],
)
def test_a_symbol_of_another_exchange_has_no_name_here(exchange: str, symbol: str) -> None:
    assert canonical_name(exchange, symbol) is None


@given(
    st.sampled_from(["NSE", "BSE", "NASDAQ", "NYSE", "COMEX", "CME"]), st.from_regex(r"[A-Z0-9]{1,10}", fullmatch=True)
)
def test_every_name_comes_back_from_its_spelling(exchange: str, name: str) -> None:
    symbol = provider_symbol(f"{exchange}:{name}")

    if symbol is not None:
        assert is_symbol(symbol)
        assert canonical_name(exchange, symbol) == f"{exchange}:{name}"
