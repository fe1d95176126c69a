"""Own limits: a file changes what it speaks of, and a wrong one stops the start with a sentence."""

from pathlib import Path

import pytest

from config.errors import SettingsError
from config.limits import load_limits
from config.settings import Settings
from engine.doctor.finding import Health
from engine.doctor.place import limits
from engine.limits import limits_in_force
from engine.market.limits import Limit


def written(folder: Path, text: str) -> Settings:
    file = folder / "limits.toml"
    file.write_text(text)
    return Settings(limits_file=file)


def test_without_an_own_file_each_kind_has_limits() -> None:
    table = limits_in_force(Settings())
    for kind in ("equity", "index", "future", "option"):
        found = table.of("NSE:ANY", kind)
        assert found.jump.percent > 0
        assert found.wick.percent > 0


def test_an_own_file_changes_what_it_speaks_of_and_nothing_else(tmp_path: Path) -> None:
    settings = written(
        tmp_path, '[kinds.equity]\njump = "1%"\n[instruments."COMEX:GC*"]\njump = "15 points"\nwick = "10 points"\n'
    )
    table, shipped = limits_in_force(settings), limits_in_force(Settings())
    assert table.of("NSE:TCS", "equity").jump == Limit(percent=1.0)
    assert table.of("NSE:TCS", "equity").wick == shipped.of("NSE:TCS", "equity").wick
    assert table.of("COMEX:GC-2026-12-29-FUT", "future").jump == Limit(points=15.0)
    assert table.of("NSE:NIFTY", "index") == shipped.of("NSE:NIFTY", "index")
    assert limits(settings).health is Health.WELL


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[kinds.equity]\njump = "a lot"\n', "kinds.equity"),
        ('[kinds.bond]\njump = "1%"\nwick = "1%"\n', "equity, index, future, option"),
        ("[kinds\n", "expected a TOML file"),
        ('[kind.equity]\njump = "1%"\n', "kinds, exchanges and instruments"),
    ],
)
def test_a_wrong_file_is_told_by_one_sentence_and_by_the_doctor(tmp_path: Path, text: str, words: str) -> None:
    settings = written(tmp_path, text)
    with pytest.raises(SettingsError, match=r"^TICKTREE_LIMITS: ") as caught:
        limits_in_force(settings)
    assert words in str(caught.value)
    finding = limits(settings)
    assert finding.health is Health.WRONG
    assert finding.words == str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_limits(tmp_path / "none.toml")
