"""Failover: who is unwell too long is out, who is well long enough is back, and nobody moves to and fro."""

from hypothesis import given
from hypothesis import strategies as st

from engine.market.failover import Failover, FailoverRules

RULES = FailoverRules(after_s=10.0, return_s=60.0, dwell_s=30.0, relapse_s=600.0, longest_return_s=480.0)


def both() -> Failover:
    return Failover(("first", "second"), RULES, 0.0)


def test_all_serve_at_first_the_preferred_one_first() -> None:
    assert both().decide(0.0) == ("first", "second")


def test_who_is_unwell_for_a_moment_stays() -> None:
    failover = both()
    failover.report("first", well=False, now_s=0.0)
    assert failover.decide(9.9) == ("first", "second")
    failover.report("first", well=True, now_s=9.9)
    assert failover.decide(100.0) == ("first", "second")


def test_who_is_unwell_too_long_is_out_and_comes_back_after_it_was_well_long_enough() -> None:
    failover = both()
    failover.report("first", well=False, now_s=0.0)
    assert failover.decide(10.0) == ("second",)
    failover.report("first", well=True, now_s=20.0)
    assert failover.decide(79.9) == ("second",)
    assert failover.decide(80.0) == ("first", "second")


def test_who_disappoints_again_has_to_be_well_twice_as_long() -> None:
    failover = both()
    failover.report("first", well=False, now_s=0.0)
    failover.decide(10.0)
    failover.report("first", well=True, now_s=10.0)
    assert failover.decide(70.0) == ("first", "second")
    failover.report("first", well=False, now_s=100.0)
    assert failover.decide(110.0) == ("second",)
    failover.report("first", well=True, now_s=110.0)
    assert failover.decide(229.9) == ("second",)
    assert failover.decide(230.0) == ("first", "second")


def test_an_hour_without_a_relapse_is_a_fresh_start() -> None:
    failover = both()
    for start_s in (0.0, 1_000.0):
        failover.report("first", well=False, now_s=start_s)
        assert failover.decide(start_s + 10.0) == ("second",)
        failover.report("first", well=True, now_s=start_s + 10.0)
        assert failover.decide(start_s + 69.9) == ("second",)
        assert failover.decide(start_s + 70.0) == ("first", "second")


def test_when_nobody_serves_the_first_that_is_well_does_at_once() -> None:
    failover = both()
    for name in ("first", "second"):
        failover.report(name, well=False, now_s=0.0)
    assert failover.decide(10.0) == ()
    failover.report("second", well=True, now_s=12.0)
    assert failover.decide(12.0) == ("second",)


def test_nobody_comes_back_right_after_a_move() -> None:
    failover = Failover(("first", "second", "third"), RULES, 0.0)
    failover.report("first", well=False, now_s=0.0)
    failover.decide(10.0)
    failover.report("first", well=True, now_s=10.0)
    failover.report("second", well=False, now_s=55.0)
    assert failover.decide(65.0) == ("third",)
    assert failover.decide(70.0) == ("third",)
    assert failover.decide(95.0) == ("first", "third")


REPORTS = st.lists(
    st.tuples(st.sampled_from(["first", "second", "third"]), st.booleans(), st.floats(0.5, 200.0)), max_size=60
)


@given(REPORTS)
def test_whatever_is_reported_moves_are_rare_and_nobody_well_is_passed_over_for_one_that_is_not(
    reports: list[tuple[str, bool, float]],
) -> None:
    """A provider that was chosen stays so for the time it takes to lose it: faster than that nothing moves to and fro."""
    failover = Failover(("first", "second", "third"), RULES, 0.0)
    now_s, chosen, moved_s = 0.0, "first", -100.0
    for provider, well, pause_s in reports:
        failover.report(provider, well=well, now_s=now_s)
        for step in range(20):
            at_s = now_s + step * pause_s / 20
            serving = failover.decide(at_s)
            if not serving:
                assert not any(map(failover.is_well, failover.providers))
                continue
            if serving[0] != chosen:
                assert at_s - moved_s >= RULES.after_s
                chosen, moved_s = serving[0], at_s
            assert failover.unwell_s(chosen, at_s) < RULES.after_s
        now_s += pause_s


@given(st.floats(1.0, 59.0), st.integers(2, 40))
def test_one_that_comes_and_goes_moves_nothing_after_the_first_time(well_s: float, times: int) -> None:
    failover = both()
    now_s = 0.0
    for _ in range(times):
        failover.report("first", well=False, now_s=now_s)
        assert failover.decide(now_s + 15.0) == ("second",)
        failover.report("first", well=True, now_s=now_s + 15.0)
        now_s += 15.0 + well_s
        assert failover.decide(now_s) == ("second",)
