"""Faults: how they are written, when they go on, and what they do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.providers.simulator.faults import Fault, FaultError, FaultKind, Faults, parse_faults

EVENTS = list(range(1_000))


def test_a_schedule_is_read_from_text() -> None:
    assert parse_faults("close@30, freeze@60+15,drop=0.2@90+10") == (
        Fault(FaultKind.CLOSE, at_s=30),
        Fault(FaultKind.FREEZE, at_s=60, duration_s=15),
        Fault(FaultKind.DROP, at_s=90, duration_s=10, amount=0.2),
    )
    assert parse_faults("429") == (Fault(FaultKind.LIMIT),)
    assert parse_faults("disconnect=805@1.5")[0].amount == 805
    assert parse_faults("") == ()


@pytest.mark.parametrize("text", ["explode", "drop=x", "close@", "freeze@1+2+3", "close@-5"])
def test_what_is_no_schedule_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(FaultError, match="expected"):
        parse_faults(text)


@given(st.text(alphabet="closefreezdp429=@+.,0123456789 ", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        faults = parse_faults(text)
    except FaultError:
        with pytest.raises(FaultError, match="expected"):
            parse_faults(text)
    else:
        assert len(faults) == sum(bool(part.strip()) for part in text.split(","))
        assert all(fault.at_s >= 0 and fault.duration_s >= 0 and fault.amount >= 0 for fault in faults)


def test_a_fault_goes_on_for_its_duration() -> None:
    faults = Faults(schedule=parse_faults("freeze@10+5"))

    assert [faults.silent(now_s) for now_s in (9.9, 10, 14.9, 15)] == [False, True, True, False]


def test_planned_faults_count_from_now() -> None:
    faults = Faults()
    faults.plan(parse_faults("429@5+2"), now_s=100)

    assert [faults.active(FaultKind.LIMIT, now_s) is not None for now_s in (104, 106, 108)] == [False, True, False]


def test_what_happens_at_once_is_told_one_time() -> None:
    faults = Faults(schedule=parse_faults("close@3,disconnect=807@3,close@9"))

    assert faults.strike(2) == []
    assert [fault.kind for fault in faults.strike(4)] == [FaultKind.CLOSE, FaultKind.DISCONNECT]
    assert faults.strike(5) == []
    assert len(faults.planned()) == 1


def test_without_faults_everything_comes_through_untouched() -> None:
    assert Faults().apply(EVENTS, 0) is EVENTS


@pytest.mark.parametrize("kind", ["freeze", "stall", "drop"])
def test_nothing_comes_through(kind: str) -> None:
    faults = Faults(schedule=parse_faults(kind))

    assert faults.apply(EVENTS, 1) == []
    assert faults.statistics().lost == len(EVENTS)


def test_a_share_is_dropped_and_counted_and_the_same_one_each_time() -> None:
    first, second = (Faults(seed=3, schedule=parse_faults("drop=0.3")) for _ in range(2))

    kept = first.apply(EVENTS, 1)

    assert 600 < len(kept) < 800
    assert first.statistics().lost == len(EVENTS) - len(kept)
    assert second.apply(EVENTS, 1) == kept


def test_a_share_comes_twice() -> None:
    faults = Faults(schedule=parse_faults("duplicate=0.5"))

    doubled = faults.apply(EVENTS, 1)

    assert sorted(set(doubled)) == EVENTS
    assert len(doubled) == len(EVENTS) + faults.statistics().duplicated
    assert 400 < faults.statistics().duplicated < 600


def test_reordered_events_come_late_but_all_of_them() -> None:
    faults = Faults(schedule=parse_faults("reorder+5"))

    arrived = [event for step in range(10) for event in faults.apply(EVENTS[step * 100 : step * 100 + 100], step * 0.5)]
    arrived += faults.apply([], 20)

    assert arrived != EVENTS
    assert sorted(arrived) == EVENTS
    assert faults.statistics().reordered > 0


def test_corrupt_packets_keep_their_length() -> None:
    faults = Faults(schedule=parse_faults("corrupt=1"))
    packets = [bytes(50)] * 20

    damaged = faults.corrupt(packets, 1)

    assert all(len(packet) == 50 and any(packet) for packet in damaged)
    assert faults.statistics().corrupted == 20


def test_clearing_ends_what_goes_on() -> None:
    faults = Faults(schedule=parse_faults("freeze+1000"))
    faults.clear()

    assert not faults.silent(1)
