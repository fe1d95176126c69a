"""Retries: what fails is tried again after ever longer pauses."""

from engine.market.retries import Retries

SECOND_NS = 1_000_000_000


def test_pauses_grow_to_an_hour() -> None:
    retries, now_ns, pauses_s = Retries(), 0, list[int]()
    for failures in range(1, 8):
        assert retries.note_failure("NSE", now_ns) == failures
        again_ns = next(ns for ns in range(now_ns, now_ns + 3_601 * SECOND_NS, SECOND_NS) if retries.may_try("NSE", ns))
        pauses_s.append((again_ns - now_ns) // SECOND_NS)
        now_ns = again_ns
    assert pauses_s == [120, 240, 480, 960, 1_920, 3_600, 3_600]


def test_what_rests_keeps_nothing_else_from_its_turn_and_what_succeeds_begins_anew() -> None:
    retries = Retries()
    retries.note_failure("NSE", 0)
    retries.note_failure("NSE", 0)
    assert (retries.may_try("NSE", 0), retries.may_try("MCX", 0)) == (False, True)
    retries.forget("NSE")
    assert retries.may_try("NSE", 0)
    assert retries.note_failure("NSE", 0) == 1


def test_a_failure_is_noted_until_it_is_tried_again() -> None:
    retries = Retries()
    assert not retries.is_noted("NSE")
    retries.note_failure("NSE", 0)
    retries.may_try("NSE", 119 * SECOND_NS)
    assert retries.is_noted("NSE")
    retries.may_try("NSE", 120 * SECOND_NS)
    assert not retries.is_noted("NSE")
