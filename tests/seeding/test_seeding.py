"""Of Dhan's long list only what was asked for is taken up."""

from datetime import date

import msgspec

from engine.market.instrument import InstrumentKind
from engine.seeding import SeedBook, Selection, exchanges, read_master
from engine.seeding.simulated import book_of

HEADER = (
    "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL,"
    "SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,SEM_EXPIRY_FLAG,"
    "SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME"
)
LINES = [
    HEADER,
    "NSE,E,2885,EQUITY,0,RELIANCE,1,Reliance Industries,,,,10,NA,ES,EQ,RELIANCE INDUSTRIES LTD",
    "BSE,E,532540,EQUITY,0,TCS,1,Tata Consultancy Services,,,,5,NA,ES,A,TATA CONSULTANCY SERVICES",
    "NSE,I,13,INDEX,0,NIFTY,1,Nifty 50,0001-01-01,,XX,0.05,,INDEX,X,NIFTY",
    "NSE,D,48704,FUTIDX,0,NIFTY-Oct2026-FUT,65.0,NIFTY OCT FUT,2026-10-27 14:30:00,-0.01000,XX,10.0000,M,FUT,,",
    "NSE,D,48705,FUTIDX,0,NIFTY-May2026-FUT,65.0,NIFTY MAY FUT,2026-05-26 14:30:00,-0.01000,XX,10.0000,M,FUT,,",
    "NSE,D,1,FUTSTK,0,BAJAJ-AUTO-Oct2026-FUT,75.0,BAJAJ OCT FUT,2026-10-27 14:30:00,-0.01000,XX,10.0000,M,FUT,,",
]


def read(*underlyings: str, market: str = "NSE") -> SeedBook:
    book, _ = read_master(LINES, Selection(date(2026, 6, 1), frozenset({market}), frozenset(underlyings)))
    return book


def names(book: SeedBook) -> list[str]:
    return [instrument.canonical for instrument in book.instruments]


def test_shares_and_indices_of_the_wanted_exchanges_are_taken_up() -> None:
    assert names(read()) == ["NSE:RELIANCE", "NSE:NIFTY"]
    assert names(read(market="BSE")) == ["BSE:TCS"]


def test_of_derivatives_only_living_ones_on_the_wanted_underlyings_are_taken_up() -> None:
    assert names(read("NIFTY"))[2:] == ["NFO:NIFTY27OCT26FUT"]
    assert names(read("BAJAJ-AUTO"))[2:] == ["NFO:BAJAJ-AUTO27OCT26FUT"]


def test_each_instrument_is_mapped_to_its_segment_and_id() -> None:
    mapped = [(mapping.instrument, mapping.segment, mapping.provider_symbol) for mapping in read("NIFTY").mappings]
    assert mapped == [
        ("NSE:RELIANCE", "NSE_EQ", "2885"),
        ("NSE:NIFTY", "IDX_I", "13"),
        ("NFO:NIFTY27OCT26FUT", "NSE_FNO", "48704"),
    ]


def test_the_statistics_tell_what_became_of_the_lines() -> None:
    _, statistics = read_master([*LINES, "broken"], Selection(date(2026, 6, 1), frozenset({"NSE"}), frozenset()))
    assert (statistics.lines, statistics.instruments, statistics.bad) == (7, 6, 1)


def test_a_simulated_listing_becomes_an_instrument_and_its_mapping() -> None:
    book = book_of(
        [
            {
                "instrument": "NFO:NIFTY24NOV2626000CE",
                "exchange": "NFO",
                "symbol": "NIFTY24NOV2626000CE",
                "name": "NIFTY 24 Nov 2026 26000 CE",
                "kind": "option",
                "segment": "NSE_FNO",
                "security_id": 5,
                "tick_size": 0.05,
                "lot_size": 75,
                "expiry": "2026-11-24",
                "strike": 26000.0,
                "option_type": "CE",
                "underlying": "NSE:NIFTY",
                "routes": {"simulator": ["NSE_FNO", "5"], "simulator2": ["NSE_FNO", "5"], "simulator_kite": ["X", "7"]},
            }
        ]
    )
    (instrument,), (mapping, second, kite) = book.instruments, book.mappings
    assert second == msgspec.structs.replace(mapping, provider="simulator2")
    assert (kite.provider, kite.segment, kite.provider_symbol) == ("simulator_kite", "X", "7")
    assert instrument.canonical == mapping.instrument == "NFO:NIFTY24NOV2626000CE"
    assert (instrument.kind, instrument.expiry, instrument.underlying) == (
        InstrumentKind.OPTION,
        date(2026, 11, 24),
        "NIFTY",
    )
    assert (mapping.provider, mapping.segment, mapping.provider_symbol) == ("simulator", "NSE_FNO", "5")


def test_the_first_exchanges_have_their_hours() -> None:
    known = {exchange.code: exchange for exchange in exchanges()}
    assert {"NSE", "BSE", "NFO", "BFO", "CDS", "MCX", "NYSE", "NASDAQ", "CME", "COMEX", "NYMEX"} <= set(known)
    assert str(known["NSE"].market_open_time) == "09:15:00"
    assert known["NSE"].timezone == "Asia/Kolkata"
