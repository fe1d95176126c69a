import pytest

from engine.providers.base import Route
from engine.providers.dhan.instrument_type import instrument_type


@pytest.mark.parametrize(
    ("instrument", "segment", "kind", "expected"),
    [
        ("NSE:RELIANCE", "NSE_EQ", "equity", "EQUITY"),
        ("NSE:NIFTY", "IDX_I", "index", "INDEX"),
        ("NFO:NIFTY30DEC25FUT", "NSE_FNO", "future", "FUTIDX"),
        ("NFO:NIFTY30DEC2526000CE", "NSE_FNO", "option", "OPTIDX"),
        ("BFO:SENSEX26MAR2679000PE", "BSE_FNO", "option", "OPTIDX"),
        ("NFO:RELIANCE30DEC25FUT", "NSE_FNO", "future", "FUTSTK"),
        ("NFO:M&M30DEC253500PE", "NSE_FNO", "option", "OPTSTK"),
        ("MCX:GOLD05FEB26FUT", "MCX_COMM", "future", "FUTCOM"),
        ("MCX:GOLD05FEB26120000CE", "MCX_COMM", "option", "OPTFUT"),
        ("CDS:USDINR29DEC25FUT", "NSE_CURRENCY", "future", "FUTCUR"),
        ("BCD:USDINR29DEC2590CE", "BSE_CURRENCY", "option", "OPTCUR"),
        ("NFO:", "NSE_FNO", "future", "FUTSTK"),
    ],
)
def test_dhans_type_follows_from_kind_segment_and_underlying(
    instrument: str, segment: str, kind: str, expected: str
) -> None:
    assert instrument_type(Route(instrument, segment, "1", 0.05, kind)) == expected
