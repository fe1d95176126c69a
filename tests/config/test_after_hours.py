"""The settings of what happens after hours: off is a word for it, and a report's place has the date in it."""

import pytest

from config.errors import SettingsError
from config.loading import load_settings


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.chdir(str(tmp_path))


def test_the_end_of_day_is_a_number_of_minutes_or_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for written, meant in (("45", 45), ("off", None), ("OFF", None)):
        monkeypatch.setenv("TICKTREE_END_OF_DAY_AFTER", written)
        assert load_settings().end_of_day_after == meant
    monkeypatch.setenv("TICKTREE_END_OF_DAY_AFTER", "3")
    with pytest.raises(SettingsError, match="TICKTREE_END_OF_DAY_AFTER: expected a whole number of minutes"):
        load_settings()


def test_the_place_of_a_report_names_the_date_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKTREE_DELIVERY_REPORT", "/data/full_{date:%d%m%Y}.csv")
    assert load_settings().delivery_report == "/data/full_{date:%d%m%Y}.csv"
    for wrong in ("/data/full.csv", "/data/{day}.csv", "/data/{date", "/data/{date.nothing}"):
        monkeypatch.setenv("TICKTREE_DELIVERY_REPORT", wrong)
        with pytest.raises(SettingsError, match="TICKTREE_DELIVERY_REPORT"):
            load_settings()


def test_nothing_that_was_recorded_is_dropped_unless_somebody_asks_for_it() -> None:
    settings = load_settings()
    assert (settings.keep_intraday_days, settings.keep_ticks_days) == (0, 0)
