"""A list is read in portions: together they are the list, whatever is read again and whoever goes on."""

import tracemalloc
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.providers.base import ProviderError
from engine.providers.dhan.master import FORMATS
from engine.providers.master import MasterRow
from engine.seeding import PORTIONS, MasterFile, Selection
from tests.seeding.lines import future, share, written

TODAY = date(2026, 11, 20)
ALL = Selection(TODAY)


def names(rows: list[MasterRow]) -> list[str]:
    return [row.instrument.symbol for row in rows]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.one_of(st.integers(0, 40).map(share), st.just("bad"), st.just("")), max_size=60),
    again=st.lists(st.integers(0, PORTIONS - 1), max_size=6),
)
def test_all_portions_together_are_the_list_whatever_is_read_again(
    tmp_path: Path, lines: list[str], again: list[int]
) -> None:
    path = written(tmp_path / "list.csv", *lines)
    whole = MasterFile(path, FORMATS, ALL)
    portions = [whole.portion(number) for number in range(PORTIONS)]
    once = list(dict.fromkeys(line for line in lines if line and line != "bad"))
    assert [name for portion in portions for name in names(portion)] == [line.split(",")[5] for line in once]
    told = whole.reading().lines
    assert (told.instruments, told.bad) == (len(once), lines.count("bad"))
    assert told.lines == sum(map(bool, lines)) == told.instruments + told.duplicates + told.bad

    for number in again:
        assert names(whole.portion(number)) == names(portions[number])
        other = MasterFile(path, FORMATS, ALL)
        assert names(other.portion(number)) == names(portions[number])
    assert names(whole.portion(PORTIONS - 1)) == names(portions[-1])
    assert whole.reading().lines == told


def test_what_was_not_asked_for_and_what_has_expired_is_counted_apart(tmp_path: Path) -> None:
    lines = (
        share(1),
        share(2, exchange="BSE"),
        future(3, "2026-11-26"),
        future(4, "2026-11-19"),
        future(5, "2026-11-26", "X"),
    )
    selection = Selection(TODAY, frozenset({"NSE"}), frozenset({"NIFTY"}))
    file = MasterFile(written(tmp_path / "list.csv", *lines), FORMATS, selection)
    taken = [name for number in range(PORTIONS) for name in names(file.portion(number))]
    told = file.reading()
    assert taken == ["S1", "NIFTY26NOV26FUT"]
    assert (told.left_out, told.expired, told.lines.instruments) == (2, 1, 5)


def test_a_list_that_changes_or_goes_away_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "list.csv", share(1))
    with pytest.raises(ProviderError, match=r"list.csv has changed since the job began"):
        MasterFile(path, FORMATS, ALL, size=7).portion(0)
    path.unlink()
    with pytest.raises(ProviderError, match=r"list.csv can not be read: No such file"):
        MasterFile(path, FORMATS, ALL).portion(0)


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xfe\x00", b"\x00" * 100_000])
def test_what_is_no_list_is_refused_at_its_first_portion(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    file = MasterFile(path, FORMATS, ALL)
    with pytest.raises(ProviderError, match="this is no compact scrip master"):
        file.portion(PORTIONS - 1)


def test_a_line_without_end_is_bad_and_is_not_held(tmp_path: Path) -> None:
    path = written(tmp_path / "list.csv", share(1), "x" * 3_000_000, share(2))
    file = MasterFile(path, FORMATS, ALL)
    tracemalloc.start()
    taken = [name for number in range(PORTIONS) for name in names(file.portion(number))]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken == ["S1", "S2"]
    assert file.reading().lines.bad > 100
    assert peak < 2_000_000


def test_of_many_lines_only_the_names_that_are_taken_are_remembered(tmp_path: Path) -> None:
    lines = 15_000
    path = written(tmp_path / "list.csv", *(share(number) for number in range(lines)))
    file = MasterFile(path, FORMATS, ALL)
    tracemalloc.start()
    read = sum(len(file.portion(number)) for number in range(PORTIONS))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read == lines
    assert peak < 3_000_000 + 300 * lines, "200,000 lines take about 60 MB at most, and a portion of them"
