"""Kite's instrument list, read into the names and segments that all providers share."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.instrument import Instrument, InstrumentKind, OptionType
from engine.providers.base import ProviderError
from engine.providers.dhan.master import FORMATS as DHAN
from engine.providers.kite.master import FORMATS
from engine.providers.master import Master, MasterRow, MasterStatistics

HEADER = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,"
    "segment,exchange"
)
INFY = "408065,1594,INFY,INFOSYS,0.0,,0.0,0.1,1,EQ,NSE,NSE"
NIFTY = "256265,1001,NIFTY 50,NIFTY 50,0.0,,0.0,0.0,0,EQ,INDICES,NSE"
FUTURE = "13368834,52222,NIFTY24APRFUT,NIFTY,0,2024-04-25,0,0.05,50,FUT,NFO-FUT,NFO"
OPTION = "17383426,67904,NIFTY24APR19600CE,NIFTY,0,2024-04-25,19600,0.05,50,CE,NFO-OPT,NFO"
WEEKLY = "17383682,67905,NIFTY2440419600PE,NIFTY,0,2024-04-04,19600,0.05,50,PE,NFO-OPT,NFO"


def read(*lines: str) -> tuple[list[MasterRow], MasterStatistics]:
    master = Master([HEADER, *lines], FORMATS)
    return list(master), master.statistics()


def names(*lines: str) -> list[str]:
    rows, _ = read(*lines)
    return [f"{row.instrument.canonical} {row.segment}:{row.security_id}" for row in rows]


def test_a_share_has_the_exchanges_own_number() -> None:
    ((row,), _) = read(INFY)
    share = Instrument(0, "NSE", "INFY", "INFOSYS", InstrumentKind.EQUITY, 0.1)
    assert row == MasterRow(share, "NSE_EQ", "1594")


def test_an_index_has_the_name_that_everybody_knows_it_by() -> None:
    assert names(NIFTY, NIFTY.replace("NIFTY 50", "NIFTY BANK").replace("256265,1001", "260105,1016")) == [
        "NSE:NIFTY IDX_I:1001",
        "NSE:BANKNIFTY IDX_I:1016",
    ]


def test_derivatives_are_named_by_their_full_expiry() -> None:
    rows, _ = read(FUTURE, OPTION, WEEKLY)
    future, option, weekly = (row.instrument for row in rows)
    assert (future.canonical, future.lot_size, future.underlying) == ("NFO:NIFTY25APR24FUT", 50, "NIFTY")
    assert (option.canonical, option.strike, option.option_type) == (
        "NFO:NIFTY25APR2419600CE",
        19600.0,
        OptionType.CALL,
    )
    assert (weekly.canonical, weekly.expiry) == ("NFO:NIFTY04APR2419600PE", date(2024, 4, 4))
    assert {row.segment for row in rows} == {"NSE_FNO"}


@pytest.mark.parametrize("line", [OPTION, WEEKLY, FUTURE])
def test_an_underlying_that_no_column_names_stands_in_the_symbol(line: str) -> None:
    ((row,), _) = read(line.replace(",NIFTY,", ",,"))
    assert row.instrument.underlying == "NIFTY"


def test_an_expiry_that_went_through_a_spreadsheet_is_understood() -> None:
    assert names(FUTURE.replace("2024-04-25", "25-04-2024")) == names(FUTURE)


def test_shares_under_other_rules_of_trade_are_the_same_shares_and_bonds_are_none() -> None:
    series = [INFY.replace("INFY,", f"{name},").replace("408065,1594", f"{number << 8 | 1},{number}") for number, name in enumerate(
        ("CENTRALBK-BE", "SMALL-SM", "BAJAJ-AUTO", "MCDOWELL-N", "850NHAI29-N5", "738GS2027-GS", "INFY-BL")
    )]  # fmt: skip
    rows, statistics = read(*series)
    assert [row.instrument.symbol for row in rows] == ["CENTRALBK", "SMALL", "BAJAJ-AUTO", "MCDOWELL-N"]
    assert (statistics.other_kinds, statistics.bad) == (3, 0)


def test_segments_we_do_not_know_are_counted_and_passed_over() -> None:
    rows, statistics = read(INFY.replace("NSE,NSE", "NCO,NCO"), INFY.replace("EQ,NSE", "WARRANT,NSE"))
    assert (rows, statistics.other_kinds) == ([], 2)


def test_a_name_with_a_comma_comes_in_quotes() -> None:
    assert names(INFY.replace(",INFOSYS,", ',"INFOSYS, LIMITED",')) == names(INFY)
    assert names('"' + INFY.replace(",", '","') + '"') == names(INFY)


BAD = {
    "a token that is no number": INFY.replace("1594", "x"),
    "a token that does not make Kite's own": INFY.replace("1594", "1595"),
    "a token of more than three bytes": INFY.replace("408065,1594", "4294967297,16777216"),
    "a tick size of 0": INFY.replace(",0.1,1", ",0.0,1"),
    "a lot of 0": FUTURE.replace(",50,", ",0,"),
    "an option without strike": OPTION.replace(",19600,", ",0,"),
    "a future without expiry": FUTURE.replace("2024-04-25", ""),
    "a month of 13": FUTURE.replace("2024-04-25", "2024-13-25"),
    "no underlying anywhere": FUTURE.replace("NIFTY24APRFUT,NIFTY", "FUT,"),
    "too few columns": "1,2,3",
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_a_bad_line_is_named_and_the_others_are_read(line: str) -> None:
    rows, statistics = read(NIFTY, line, INFY)
    assert [row.security_id for row in rows] == ["1001", "1594"]
    assert [bad.number for bad in statistics.bad_lines] == [3]


@given(
    line=st.sampled_from([INFY, NIFTY, FUTURE, OPTION, WEEKLY]),
    column=st.integers(0, 11),
    text=st.one_of(st.text(max_size=12), st.sampled_from(["NaN", "-1", "1e999", "9" * 30, "٣", "CE", "INDICES"])),
)
def test_any_field_of_any_content_is_read_or_counted(line: str, column: int, text: str) -> None:
    fields = line.split(",")
    fields[column] = text
    rows, statistics = read(
        ",".join(fields), INFY.replace("INFY", "OTHER").replace("408065,1594", "4294967041,16777215")
    )
    assert statistics.lines == statistics.instruments + statistics.other_kinds + statistics.duplicates + statistics.bad
    assert rows[-1].instrument.symbol == "OTHER"


def test_another_providers_list_is_refused() -> None:
    with pytest.raises(ProviderError, match="no compact scrip master or detailed scrip master: it begins with 'instru"):
        list(Master([HEADER, INFY], DHAN))


@pytest.mark.recorded
def test_the_recorded_lists_are_read_without_a_bad_line(recordings: Path) -> None:
    def read_file(name: str) -> tuple[list[MasterRow], MasterStatistics]:
        with (recordings / "kite" / name).open(encoding="utf-8") as file:
            return read(*list(file)[1:])

    rows, statistics = read_file("instruments_NSE_full_2025-10.csv")
    assert (statistics.lines, statistics.bad, statistics.duplicates) == (8_320, 0, 0)
    kinds = Counter((row.instrument.kind.value, row.segment) for row in rows)
    assert kinds == {("equity", "NSE_EQ"): 2_968, ("index", "IDX_I"): 117}

    rows, statistics = read_file("instruments_NSE_BSE_NFO_2024-04.csv")
    assert (statistics.lines, statistics.instruments, statistics.bad) == (31_373, 31_373, 0)
    kinds = Counter((row.instrument.exchange, row.instrument.kind.value) for row in rows)
    assert kinds == {
        ("NFO", "option"): 30_452,
        ("NFO", "future"): 558,
        ("NSE", "equity"): 182,
        ("BSE", "equity"): 181,
    }


@pytest.mark.recorded
def test_the_recorded_lists_of_both_providers_agree_on_names_of_indices_and_on_numbers_of_shares(
    recordings: Path,
) -> None:
    def shares_and_indices(path: str) -> tuple[dict[str, str], set[str]]:
        with (recordings / path).open(encoding="utf-8") as file:
            rows = list(Master(file, (*DHAN, *FORMATS)))
        shares = {row.security_id: row.instrument.canonical for row in rows if row.segment == "NSE_EQ"}
        return shares, {row.instrument.canonical for row in rows if row.segment == "IDX_I"}

    kite, kite_indices = shares_and_indices("kite/instruments_NSE_full_2025-10.csv")
    dhan, dhan_indices = shares_and_indices("dhan/scrip_master_detailed_2026-04.csv")
    assert kite_indices - dhan_indices == {"NSE:HANGSENG BEES-NAV", "NSE:NIFTY LOW VOL 50"}
    both = kite.keys() & dhan.keys()
    renamed = [number for number in both if kite[number] != dhan[number]]
    assert len(both) > 2_400
    assert len(renamed) < 40, "companies that changed their name between the two lists"
