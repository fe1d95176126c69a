import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.instrument import Instrument, InstrumentKind, OptionType
from engine.providers.base import Advice, ProviderError
from engine.providers.dhan.master import FORMATS
from engine.providers.master import BadLine, Master, MasterRow, MasterStatistics

HEADER = (
    "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL,"
    "SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,SEM_EXPIRY_FLAG,"
    "SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME"
)
RELIANCE = "NSE,E,2885,EQUITY,0,RELIANCE,1,Reliance Industries,,,,10,NA,ES,EQ,RELIANCE INDUSTRIES LTD"
NIFTY = "NSE,I,13,INDEX,0,NIFTY,1,Nifty 50,0001-01-01,,XX,0.05,,INDEX,X,NIFTY"
FUTURE = "NSE,D,48704,FUTIDX,0,NIFTY-Oct2026-FUT,65.0,NIFTY OCT FUT,2026-10-27 14:30:00,-0.01000,XX,10.0000,M,FUT,,"
OPTION = (
    "NSE,D,35191,OPTIDX,0,NIFTY-Jun2026-27650-CE,65.0,NIFTY 30 JUN 27650 CALL,2026-06-30 14:30:00,27650.00000,CE,"
    "5.0000,M,OP,,"
)
GOLD = (
    "MCX,M,495213,FUTCOM,0,GOLD-04Dec2026-FUT,1.0,GOLD DEC FUT,2026-12-04 23:30:00,0.00000,XX,100.0000,M,FUTCOM,2,GOLD"
)


def read(*lines: str) -> tuple[list[MasterRow], MasterStatistics]:
    master = Master([HEADER, *lines], FORMATS)
    return list(master), master.statistics()


def test_a_share_has_its_tick_size_in_paise() -> None:
    ((row,), _) = read(RELIANCE)

    assert row == MasterRow(
        Instrument(0, "NSE", "RELIANCE", "Reliance Industries", InstrumentKind.EQUITY, 0.1), "NSE_EQ", "2885"
    )


def test_an_index_has_its_tick_size_in_rupees() -> None:
    ((row,), _) = read(NIFTY)

    assert row == MasterRow(Instrument(0, "NSE", "NIFTY", "Nifty 50", InstrumentKind.INDEX, 0.05), "IDX_I", "13")


def test_a_future_has_no_strike_and_is_named_by_its_full_expiry() -> None:
    ((row,), _) = read(FUTURE)

    assert row.instrument == Instrument(
        0,
        "NFO",
        "NIFTY27OCT26FUT",
        "NIFTY OCT FUT",
        InstrumentKind.FUTURE,
        0.1,
        lot_size=65,
        expiry=date(2026, 10, 27),
        underlying="NIFTY",
    )
    assert (row.segment, row.security_id) == ("NSE_FNO", "48704")


def test_an_option_has_strike_and_type() -> None:
    ((row,), _) = read(OPTION)

    assert row.instrument == Instrument(
        0,
        "NFO",
        "NIFTY30JUN2627650CE",
        "NIFTY 30 JUN 27650 CALL",
        InstrumentKind.OPTION,
        0.05,
        lot_size=65,
        expiry=date(2026, 6, 30),
        strike=27650.0,
        option_type=OptionType.CALL,
        underlying="NIFTY",
    )


def test_a_commodity_is_read_whether_its_segment_is_called_m_or_d() -> None:
    (rows, _) = read(GOLD, GOLD.replace("MCX,M,495213", "MCX,D,495214").replace("04Dec", "05Dec").replace("-04", "-05"))

    assert [(row.instrument.canonical, row.segment, row.instrument.tick_size) for row in rows] == [
        ("MCX:GOLD04DEC26FUT", "MCX_COMM", 1.0),
        ("MCX:GOLD05DEC26FUT", "MCX_COMM", 1.0),
    ]


def test_a_dash_in_the_underlying_is_kept() -> None:
    ((row,), _) = read(OPTION.replace("NIFTY-Jun2026", "BAJAJ-AUTO-Jun2026"))

    assert row.instrument.underlying == "BAJAJ-AUTO"
    assert row.instrument.canonical == "NFO:BAJAJ-AUTO30JUN2627650CE"


def test_bonds_test_symbols_and_unknown_kinds_are_counted_and_passed_over() -> None:
    bond = RELIANCE.replace(",ES,EQ", ",DEB,N0")
    test_symbol = RELIANCE.replace(",RELIANCE,", ",11NSETEST,")
    unknown = RELIANCE.replace(",EQUITY,", ",SPACESHIP,")

    assert read(bond, test_symbol, unknown) == ([], MasterStatistics(lines=3, other_kinds=3))


def test_an_id_names_one_instrument_only() -> None:
    """Two names for a token would take it from each other at every reading."""
    (rows, statistics) = read(RELIANCE, RELIANCE.replace("RELIANCE", "RIL"), NIFTY)

    assert [row.instrument.symbol for row in rows] == ["RELIANCE", "NIFTY"]
    assert statistics.duplicates == 1


def test_an_index_without_tick_size_or_lot_has_the_usual_ones() -> None:
    ((row,), _) = read(NIFTY.replace("NIFTY,1,", "NIFTY,0,").replace(",0.05,", ",0,"))

    assert (row.instrument.tick_size, row.instrument.lot_size) == (0.05, 1)


def test_the_first_of_a_name_wins_and_the_others_are_counted() -> None:
    (rows, statistics) = read(RELIANCE, RELIANCE.replace("2885", "2886"))

    assert [row.security_id for row in rows] == ["2885"]
    assert statistics.duplicates == 1


BAD = {
    "a line of other length": RELIANCE + ",more",
    "an id that is no number": RELIANCE.replace("2885", "RIL"),
    "an id below zero": RELIANCE.replace("2885", "-1"),
    "a tick size that is no number": RELIANCE.replace(",10,NA", ",ten,NA"),
    "an endless tick size": RELIANCE.replace(",10,NA", ",Infinity,NA"),
    "a tick size of NaN": RELIANCE.replace(",10,NA", ",NaN,NA"),
    "an unknown exchange": RELIANCE.replace("NSE,E", "LSE,E"),
    "a share named like a future": RELIANCE.replace(",RELIANCE,", ",NIFTY27OCT26FUT,"),
    "a symbol that is none": RELIANCE.replace(",RELIANCE,", ",(),"),
    "a future without expiry": FUTURE.replace("2026-10-27 14:30:00", "0001-01-01"),
    "a future with half an expiry": FUTURE.replace("2026-10-27 14:30:00", "2026-10"),
    "a future without underlying": FUTURE.replace("NIFTY-Oct2026-FUT", "NIFTY"),
    "an option without strike": OPTION.replace("27650.00000,CE", "-0.01000,CE"),
    "an option of no type": OPTION.replace("27650.00000,CE", "27650.00000,XX"),
    "a lot that is no number": FUTURE.replace(",65.0,", ",,"),
    "a lot of 0": FUTURE.replace(",65.0,", ",0,"),
    "a tick size of 0": RELIANCE.replace(",10,NA", ",0,NA"),
    "a zero character": RELIANCE.replace("Reliance Industries", "Reliance\0Industries"),
    "an expiry in another century": FUTURE.replace("2026-10-27", "2126-10-27"),
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_a_bad_line_is_named_and_the_others_are_read(line: str) -> None:
    (rows, statistics) = read(NIFTY, line, RELIANCE)

    assert [row.security_id for row in rows] == ["13", "2885"]
    assert (statistics.bad, [bad.number for bad in statistics.bad_lines]) == (1, [3])
    assert statistics.bad_lines[0].reason


def test_a_stray_quote_swallows_nothing() -> None:
    (rows, _) = read(RELIANCE.replace("Reliance Industries", 'Reliance "Industries'), NIFTY)

    assert [row.security_id for row in rows] == ["2885", "13"]


def test_only_the_first_hundred_bad_lines_are_kept() -> None:
    (_, statistics) = read(*["bad"] * 1000)

    assert (statistics.bad, len(statistics.bad_lines)) == (1000, 100)
    assert statistics.bad_lines[0] == BadLine(2, "expected 16 columns, was 1")


@pytest.mark.parametrize("lines", [[], ["<html>"], ["EXCH_ID,SEGMENT,SECURITY_ID"]])
def test_another_file_is_refused(lines: list[str]) -> None:
    with pytest.raises(ProviderError, match="no compact scrip master or detailed scrip master") as raised:
        list(Master(lines, FORMATS))
    assert raised.value.advice is Advice.FIX_REQUEST


def test_a_byte_order_mark_and_blank_lines_do_no_harm() -> None:
    master = Master(["\ufeff" + HEADER + "\r\n", RELIANCE + "\r\n", "\r\n", ""], FORMATS)

    assert len(list(master)) == 1
    assert master.statistics().bad == 0


@given(
    line=st.sampled_from([RELIANCE, NIFTY, FUTURE, OPTION, GOLD]),
    column=st.integers(0, 15),
    text=st.one_of(st.text(max_size=12), st.sampled_from(["NaN", "-1", "1e999", "sNaN", "9" * 30, "٣"])),
)
def test_any_field_of_any_content_is_read_or_counted(line: str, column: int, text: str) -> None:
    fields = line.split(",")
    fields[column] = text

    (rows, statistics) = read(",".join(fields), RELIANCE.replace("RELIANCE", "OTHER").replace("2885", "4294967295"))

    assert statistics.lines == statistics.instruments + statistics.other_kinds + statistics.duplicates + statistics.bad
    assert rows[-1].instrument.symbol == "OTHER"


DETAILED_HEADER = (
    "EXCH_ID,SEGMENT,SECURITY_ID,ISIN,INSTRUMENT,UNDERLYING_SECURITY_ID,UNDERLYING_SYMBOL,SYMBOL_NAME,DISPLAY_NAME,"
    "INSTRUMENT_TYPE,SERIES,LOT_SIZE,SM_EXPIRY_DATE,STRIKE_PRICE,OPTION_TYPE,TICK_SIZE"
)
DETAILED = {
    "NSE:HDFCBANK NSE_EQ 1333 0.05": ("NSE,E,1333,INE040A01034,EQUITY,,HDFCBANK,HDFC BANK LTD,HDFC Bank,ES,EQ,1,,,,5"),
    "NSE:NIFTY IDX_I 13 0.05": "NSE,I,13,NA,INDEX,13,NIFTY,NIFTY,Nifty 50,INDEX,NA,1,0001-01-01,,XX,0.05",
    "NSE:NIFTYNXT50 IDX_I 38 0.05": (
        "NSE,I,38,NA,INDEX,38,NIFTY NEXT 50,NIFTY NEXT 50,Nifty Next 50,INDEX,NA,1,0001-01-01,,XX,0.05"
    ),
    "NFO:HDFCBANK30SEP25FUT NSE_FNO 53171 0.1": (
        "NSE,D,53171,NA,FUTSTK,1333,HDFCBANK,HDFCBANK-Sep2025-FUT,HDFCBANK SEP FUT,FUT,NA,550,2025-09-30,-0.01,XX,10"
    ),
    "BFO:SENSEX26MAR2679000PE BSE_FNO 1100789 0.05": (
        "BSE,D,1100789,NA,OPTIDX,51,SENSEX,SENSEX-Mar2026-79000-PE,SENSEX 26 MAR 79000 PUT,OP,NA,20,2026-03-26,79000,PE,5"
    ),
}


def test_the_detailed_list_says_the_same_in_other_columns() -> None:
    master = Master([DETAILED_HEADER, *DETAILED.values()], FORMATS)
    rows = [f"{row.instrument.canonical} {row.segment} {row.security_id} {row.instrument.tick_size}" for row in master]

    assert (rows, master.statistics().bad, master.provider) == (list(DETAILED), 0, "dhan")


@pytest.mark.recorded
def test_the_recorded_detailed_master_is_read_without_a_bad_line_and_names_things_as_the_compact_one(
    recordings: Path,
) -> None:
    def rows_of(name: str) -> tuple[dict[str, str], MasterStatistics]:
        with (recordings / "dhan" / name).open(encoding="utf-8") as file:
            master = Master(file, FORMATS)
            return {row.instrument.canonical: f"{row.segment}:{row.security_id}" for row in master}, master.statistics()

    detailed, statistics = rows_of("scrip_master_detailed_2026-04.csv")
    compact, _ = rows_of("scrip_master_compact_equity_index.csv")
    assert (statistics.lines, statistics.instruments, statistics.bad) == (9_469, 3_319, 0)
    assert (statistics.other_kinds, statistics.duplicates) == (6_150, 0)
    assert [name for name, key in detailed.items() if key.startswith("IDX_I") and compact.get(name) != key] == []


@pytest.mark.recorded
def test_the_recorded_master_is_read_without_a_bad_line(recordings: Path) -> None:
    with (recordings / "dhan/scrip_master_compact_equity_index.csv").open(encoding="utf-8") as file:
        master = Master(file, FORMATS)
        rows = {row.instrument.canonical: row for row in master}

    statistics = master.statistics()
    assert (statistics.lines, statistics.instruments, statistics.bad) == (23_116, 9_401, 0)
    assert (statistics.other_kinds, statistics.duplicates) == (13_711, 4)
    assert (rows["NSE:RELIANCE"].security_id, rows["NSE:RELIANCE"].instrument.tick_size) == ("2885", 0.1)
    assert (rows["NSE:NIFTY"].segment, rows["NSE:ABB"].segment) == ("IDX_I", "NSE_EQ")
    assert rows["NSE:NIFTY"].security_id == rows["NSE:ABB"].security_id == "13"
    assert rows["BSE:SENSEX"].instrument.tick_size == 0.01
    keys = {(row.segment, row.security_id) for row in rows.values()}
    assert len(keys) == len(rows)


@pytest.mark.recorded
def test_the_underlying_is_told_by_every_recorded_contract_of_every_segment(recordings: Path) -> None:
    """The recorded file has another header and neither tick sizes nor lots; only names are looked at."""
    letters = {"NSE_FNO": "NSE,D", "BSE_FNO": "BSE,D", "MCX_COMM": "MCX,M"}
    with (recordings / "dhan/contracts_all_segments_2025-09.csv").open(encoding="utf-8") as file:
        contracts = [row for row in csv.DictReader(file) if row["exchangeSegment"] in letters]
    lines = [
        f"{letters[row['exchangeSegment']]},{row['securityId']},{row['instrument']},0,{row['tradingSymbol']},1,,"
        f"{'-'.join(reversed(row['expiryDate'].split('-')))},{row['strikePrice'] or 0},{row['optionType']},5,M,,,"
        for row in contracts
    ]
    master = Master([HEADER, *lines], FORMATS)
    found = {row.security_id: row.instrument.underlying for row in master}
    assert (master.statistics().bad, len(found)) == (0, len(contracts))
    told = {row["securityId"]: row["symbol"] or row["tradingSymbol"].partition("-")[0] for row in contracts}
    assert found == told
