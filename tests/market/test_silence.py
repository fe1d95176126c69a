"""Silence: a talkative feed is missed soon, a quiet one is given time."""

from engine.market.silence import SilenceMeter


def after(pause_s: float, *, times: int = 200) -> SilenceMeter:
    meter = SilenceMeter(least_s=15.0, most_s=300.0)
    for number in range(times):
        meter.heard(number * pause_s)
    return meter


def test_a_feed_that_speaks_all_the_time_is_missed_after_the_least_time() -> None:
    assert after(0.05).limit_s == 15.0


def test_a_feed_of_quiet_instruments_is_allowed_its_usual_pauses() -> None:
    assert 15.0 < after(5.0).limit_s <= 100.0


def test_no_feed_may_be_silent_for_ever() -> None:
    assert after(1000.0).limit_s == 300.0


def test_before_anything_was_heard_the_least_time_holds() -> None:
    assert SilenceMeter(least_s=15.0).limit_s == 15.0


def test_a_pause_is_counted_from_the_last_word_or_from_when_somebody_began_to_listen() -> None:
    meter = SilenceMeter(least_s=15.0)
    assert meter.over_s(100.0) == 115.0
    meter.heard(120.0)
    assert meter.over_s(100.0) == 135.0
    assert meter.over_s(130.0) == 145.0
