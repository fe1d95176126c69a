from datetime import date

import pytest

from engine.market import Baseline, Calendar, StateError, VolumeMeter
from engine.storage.packing import pack, unpack
from tests.market.builders import SECOND, at, tick

DAY, NEXT_DAY = date(2025, 11, 3), date(2025, 11, 4)
T = at("2025-11-03 10:00")


def measured(
    meter: VolumeMeter, *totals: int | None, day: date = DAY, provider: str = "dhan", step: int = 1
) -> list[int]:
    return [
        meter.measure(tick(T + i * step * SECOND, 100.0, total, provider=provider), day)
        for i, total in enumerate(totals)
    ]


def test_volume_is_what_the_running_total_grew_by() -> None:
    assert measured(VolumeMeter(), 1000, 1010, 1010, 1025) == [0, 10, 0, 15]


def test_the_first_tick_without_a_baseline_measures_nothing_because_its_past_is_unknown() -> None:
    assert measured(VolumeMeter(), 5_000_000) == [0]


def test_a_stored_baseline_goes_on_where_the_last_run_stopped() -> None:
    assert measured(VolumeMeter(Baseline("dhan", DAY, 1000)), 1010) == [10]


def test_a_repeated_tick_has_no_volume() -> None:
    assert measured(VolumeMeter(), 1000, 1010, 1010, 1010, 1020) == [0, 10, 0, 0, 10]


def test_a_new_session_starts_from_zero() -> None:
    meter = VolumeMeter()
    assert measured(meter, 1000, 1010) == [0, 10]
    assert measured(meter, 40, 45, day=NEXT_DAY) == [40, 5]


def test_a_tick_of_the_session_before_counts_nothing_and_moves_nothing() -> None:
    meter = VolumeMeter(Baseline("dhan", NEXT_DAY, 40))
    assert measured(meter, 1_000_000) == [0]
    assert meter.baseline == Baseline("dhan", NEXT_DAY, 40)
    assert meter.corrections == 1


def test_another_providers_total_only_sets_the_baseline() -> None:
    meter = VolumeMeter()
    assert measured(meter, 1000, 1010) == [0, 10]
    assert measured(meter, 400, 420, provider="kite") == [0, 20]
    assert measured(meter, 2000, provider="dhan") == [0]
    assert measured(meter, 5, provider="kite", day=NEXT_DAY) == [0]


def test_ticks_that_swapped_places_count_their_volume_once() -> None:
    meter = VolumeMeter()
    assert measured(meter, 100, 130, 110, 130, 140) == [0, 30, 0, 0, 10]
    assert (meter.corrections, meter.unattributed) == (1, 0)


def test_a_tick_that_others_overtook_is_no_correction() -> None:
    meter = VolumeMeter()
    for second, total, volume in ((0, 100, 0), (3, 130, 30), (1, 110, 0), (2, 130, 0), (4, 140, 10)):
        assert meter.measure(tick(T + second * SECOND, 100.0, total), DAY) == volume
    assert (meter.corrections, meter.unattributed, meter.take_doubt()) == (0, 0, 0)


def test_a_smaller_total_of_a_later_trade_is_a_correction_and_leaves_doubt_since_the_mark() -> None:
    meter = VolumeMeter()
    measured(meter, 100, 130, 110)
    assert (meter.corrections, meter.take_doubt(), meter.take_doubt()) == (1, T + SECOND, 0)


def test_a_minute_that_closed_with_a_total_far_too_high_is_in_doubt() -> None:
    meter = VolumeMeter()
    for second, total in ((0, 1000), (10, 1010), (59, 1_000_000)):
        meter.measure(tick(T + second * SECOND, 100.0, total), DAY)
    assert meter.take_doubt() == 0
    meter.measure(tick(T + 61 * SECOND, 100.0, 1020), DAY)
    assert meter.take_doubt() == T + 59 * SECOND


def test_totals_that_come_back_to_a_mark_that_was_given_up_are_in_doubt_since_then() -> None:
    meter = VolumeMeter()
    assert measured(meter, 1000, 1010, 500, 505, step=30) == [0, 10, 0, 5]
    assert meter.take_doubt() == T + 30 * SECOND
    meter = VolumeMeter.restore(unpack(pack(meter.state())), Calendar.continuous(), T)
    assert meter.measure(tick(T + 150 * SECOND, 100.0, 1010), DAY) == 505
    assert (meter.take_doubt(), meter.take_doubt()) == (T + 30 * SECOND, 0)
    assert meter.measure(tick(T + 180 * SECOND, 100.0, 1020), DAY) == 10
    assert meter.take_doubt() == 0


def test_a_mark_of_a_day_gone_by_is_not_waited_for() -> None:
    meter = VolumeMeter()
    measured(meter, 1000, 900, step=6)
    assert meter.take_doubt() == T
    assert measured(meter, 40, 2000, day=NEXT_DAY) == [40, 1960]
    assert meter.take_doubt() == 0


def test_after_a_switch_all_since_the_last_providers_word_is_in_doubt() -> None:
    meter = VolumeMeter()
    measured(meter, 100, 130)
    assert meter.measure(tick(T + 9 * SECOND, 100.0, 70, provider="kite"), DAY) == 0
    assert meter.take_doubt() == T + SECOND


def test_a_days_last_tick_that_the_next_days_first_overtook_is_measured_against_its_own_day() -> None:
    meter = VolumeMeter()
    assert measured(meter, 1000, 1010) == [0, 10]
    assert measured(meter, 40, day=NEXT_DAY) == [40]
    assert measured(meter, 1025, 1020, 1026) == [15, 0, 1]
    assert measured(meter, 45, day=NEXT_DAY) == [5]
    assert (meter.corrections, meter.take_doubt()) == (0, 0)


def test_a_total_that_stays_smaller_is_the_vendors_restatement_and_becomes_the_new_base() -> None:
    meter = VolumeMeter()
    assert measured(meter, 1000, 900, 910, step=6) == [0, 0, 10]
    assert (meter.corrections, meter.unattributed) == (1, -100)


def test_a_total_that_is_smaller_for_just_five_seconds_may_still_be_one_that_others_overtook() -> None:
    meter = VolumeMeter()
    assert measured(meter, 1000, 900, 1010, step=5) == [0, 0, 10]
    assert (meter.corrections, meter.unattributed) == (1, 0)


def test_a_restatement_found_by_a_restart_is_recognised_too() -> None:
    meter = VolumeMeter(Baseline("dhan", DAY, 1000))
    assert measured(meter, 900, 905, 910, step=4) == [0, 0, 0]
    assert measured(meter, 915) == [5]
    assert meter.unattributed == -90


def test_what_stands_below_the_mark_is_unattributed_until_the_total_is_back() -> None:
    meter = VolumeMeter()
    measured(meter, 100, 80)
    assert meter.unattributed == -20
    measured(meter, 101)
    assert meter.unattributed == 0


def test_without_totals_ticks_are_counted_and_an_indexs_are_not() -> None:
    assert measured(VolumeMeter(), None, None) == [1, 1]
    assert measured(VolumeMeter(counts_ticks=False), None, None) == [0, 0]


def test_ticks_are_not_counted_into_a_session_that_has_real_volume() -> None:
    meter = VolumeMeter()
    assert measured(meter, 1000, None, 1020) == [0, 0, 20]
    assert measured(meter, None, day=NEXT_DAY) == [1]


def test_an_equal_date_that_is_another_object_is_the_same_session() -> None:
    meter = VolumeMeter()
    assert measured(meter, 100, day=date(2025, 11, 3)) == [0]
    assert measured(meter, 110, day=date(2025, 11, 3)) == [10]


def test_the_baseline_survives_msgpack(nse: Calendar) -> None:
    meter = VolumeMeter()
    assert meter.state() is None
    measured(meter, 1000, 1010)
    stored = unpack(pack(meter.state()))
    assert VolumeMeter.restore(stored, nse, T).baseline == Baseline("dhan", DAY, 1010)


def test_what_was_counted_survives_a_restart_and_the_night(nse: Calendar) -> None:
    meter = VolumeMeter()
    measured(meter, 1000, 900, 910, step=6)
    meter.measure(tick(T + 15 * SECOND, 100.0, 905), DAY)
    assert (meter.corrections, meter.unattributed) == (2, -105)
    again = VolumeMeter.restore(unpack(pack(meter.state())), nse, T)
    assert (again.corrections, again.unattributed, again.state()) == (2, -105, meter.state())
    assert again.measure(tick(T + 16 * SECOND, 100.0, 910), DAY) == 0
    assert again.unattributed == -100
    next_day = VolumeMeter.restore(meter.state(), nse, at("2025-11-04 11:00"))
    assert (next_day.baseline, next_day.corrections, next_day.unattributed) == (None, 2, -105)
    assert VolumeMeter.restore(next_day.state(), nse, at("2025-11-04 11:01")).corrections == 2


def test_yesterdays_baseline_holds_until_trading_begins_and_not_after(nse: Calendar) -> None:
    state = VolumeMeter(Baseline("dhan", DAY, 1010)).state()
    before_the_open = VolumeMeter.restore(state, nse, at("2025-11-04 09:05"))
    assert measured(before_the_open, 70, day=NEXT_DAY) == [70]
    after_it = VolumeMeter.restore(state, nse, at("2025-11-04 11:00"))
    assert measured(after_it, 900_000, day=NEXT_DAY) == [0]
    on_a_holiday = VolumeMeter.restore(state, nse, at("2025-11-05 11:00"))
    assert on_a_holiday.baseline is not None
    assert VolumeMeter.restore(None, nse, T).baseline is None


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"provider": "dhan", "session_date": "soon", "volume": 1},
        {"volume": None},
        {"provider": "dhan", "session_date": "2025-11-03", "volume": 1, "corrections": "many"},
    ],
)
def test_a_broken_state_is_refused(state: dict[str, object], nse: Calendar) -> None:
    with pytest.raises(StateError, match="volume"):
        VolumeMeter.restore(state, nse, T)
