import pytest

from engine.providers.databento.symbols import canonical_name, provider_symbol, stype_of

NAMES = {
    "COMEX:GC": "GC.c.0",
    "COMEX:SI2!": "SI.c.1",
    "NYMEX:CL": "CL.c.0",
    "CME:ES": "ES.c.0",
    "CME:NQ3!": "NQ.c.2",
    "NASDAQ:AAPL": "AAPL",
    "NYSE:BRK.B": "BRK.B",
}


@pytest.mark.parametrize(("instrument", "symbol"), NAMES.items())
def test_names_go_both_ways(instrument: str, symbol: str) -> None:
    assert provider_symbol(instrument) == symbol
    assert canonical_name(instrument.partition(":")[0], symbol) == instrument


def test_the_front_month_has_two_names() -> None:
    assert provider_symbol("COMEX:GC1!") == provider_symbol("COMEX:GC") == "GC.c.0"


@pytest.mark.parametrize(
    ("instrument", "contract"),
    [
        ("COMEX:GC29DEC26FUT", "GCZ6"),
        ("CME:ES19MAR27FUT", "ESH7"),
        ("NYMEX:CL19NOV26FUT", "CLZ6"),  # oil of December is traded until November
        ("NYMEX:CL21DEC26FUT", "CLF7"),
    ],
)
def test_a_contract_is_named_by_its_month_of_delivery(instrument: str, contract: str) -> None:
    assert provider_symbol(instrument) == contract


@pytest.mark.parametrize("instrument", ["NSE:RELIANCE", "GC", "NFO:NIFTY26NOV26FUT", "CME:ES19MAR275000CE"])
def test_what_databento_does_not_have_has_no_name_there(instrument: str) -> None:
    assert provider_symbol(instrument) is None


def test_a_contract_without_its_day_has_no_name_here() -> None:
    assert canonical_name("COMEX", "GCZ6") is None
    assert canonical_name("NSE", "RELIANCE") is None


@pytest.mark.parametrize(
    ("symbol", "stype"),
    [
        ("GC.c.0", "continuous"),
        ("ES.v.1", "continuous"),
        ("ESZ6", "raw_symbol"),
        ("AAPL", "raw_symbol"),
        ("BRK.B", "raw_symbol"),
        ("", None),
        ("A|B", None),
        ("GC,SI", None),
        ("A\nB", None),
    ],
)
def test_a_symbol_tells_which_language_it_is_of(symbol: str, stype: str | None) -> None:
    assert stype_of(symbol) == stype
