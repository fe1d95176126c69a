import msgspec

from engine.market import Calendar, CandleState, derive
from tests.market.builders import MINUTE, at, clock, minute, numbers

TEN = at("2025-11-03 10:00")


def test_minutes_make_longer_bars_aligned_to_the_session(nse: Calendar) -> None:
    minutes = [minute(at("2025-11-03 09:15") + i * MINUTE, 100.0 + i, 10) for i in range(375)]
    hours = derive(minutes, "1h", nse)
    assert [clock(bar.time) for bar in hours] == ["09:15", "10:15", "11:15", "12:15", "13:15", "14:15", "15:15"]
    assert numbers(hours[0]) == (100.0, 160.0, 99.0, 159.0, 600)
    assert numbers(hours[-1]) == (460.0, 475.0, 459.0, 474.0, 150)
    assert numbers(derive(minutes, "1d", nse)[0]) == (100.0, 475.0, 99.0, 474.0, 3750)
    assert {(bar.timeframe, bar.state, bar.source) for bar in hours} == {("1h", CandleState.FINAL, "dhan")}


def test_one_flagged_minute_flags_its_bar_and_no_other(nse: Calendar) -> None:
    minutes = [minute(TEN + i * MINUTE, resolve_required=i == 3) for i in range(10)]
    assert [bar.resolve_required for bar in derive(minutes, "5m", nse)] == [True, False]


def test_the_last_known_open_interest_stands_in_the_bar(nse: Calendar) -> None:
    minutes = [minute(TEN + i * MINUTE, open_interest=oi) for i, oi in enumerate([500, 700, None])]
    assert derive(minutes, "5m", nse)[0].open_interest == 700
    assert derive([minute(TEN)], "5m", nse)[0].open_interest is None


def test_minutes_outside_every_session_are_left_out(nse: Calendar) -> None:
    assert derive([minute(at("2025-11-03 15:35")), minute(at("2025-11-05 10:00"))], "1h", nse) == []


def test_a_forming_minute_makes_its_bar_forming(nse: Calendar) -> None:
    minutes = [minute(TEN), msgspec.structs.replace(minute(TEN + 5 * MINUTE), state=CandleState.FORMING)]
    assert [bar.state for bar in derive(minutes, "5m", nse, revision=2)] == [CandleState.REVISED, CandleState.FORMING]
    assert [bar.revision for bar in derive(minutes, "5m", nse, revision=2)] == [2, 0]


def test_the_source_names_who_it_was_and_whether_ticks_were_counted(nse: Calendar) -> None:
    def source(*sources: str) -> str:
        minutes = [minute(TEN + i * MINUTE, source=name) for i, name in enumerate(sources)]
        return derive(minutes, "5m", nse)[0].source

    assert source("dhan", "dhan") == "dhan"
    assert source("dhan/ticks", "dhan") == "dhan/ticks"
    assert source("dhan", "kite") == "mixed"


def test_nothing_makes_nothing(nse: Calendar) -> None:
    assert derive([], "1d", nse) == []
