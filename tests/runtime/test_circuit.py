"""The circuit: who fails again and again is left alone, and tried with one question at a time."""

from hypothesis import given
from hypothesis import strategies as st

from engine.runtime import Backoff, Circuit

PLAIN = Backoff(initial_s=1, maximum_s=8, factor=2, jitter=0)
CHANCES = st.floats(0, 1, exclude_max=True)


def broken(at_s: float = 0.0) -> Circuit:
    circuit = Circuit(failures=3, backoff=PLAIN)
    for _ in range(3):
        assert circuit.admits(at_s)
        circuit.failed(at_s, 0.0)
    return circuit


def test_some_failures_are_nothing_and_a_success_forgets_them() -> None:
    circuit = Circuit(failures=3, backoff=PLAIN)
    for _ in range(10):
        circuit.failed(0.0, 0.0)
        circuit.failed(0.0, 0.0)
        circuit.succeeded()
    assert circuit.admits(0.0)


def test_after_failures_in_a_row_nobody_is_let_through_until_one_probe_is() -> None:
    circuit = broken()
    assert not circuit.admits(0.99)
    assert [circuit.admits(1.0) for _ in range(5)] == [True, False, False, False, False]
    circuit.succeeded()
    assert all(circuit.admits(1.0) for _ in range(5))


def test_each_failed_probe_makes_the_next_wait_longer_up_to_the_cap() -> None:
    circuit, now_s, waited = broken(), 0.0, list[float]()
    for _ in range(6):
        before_s = now_s
        while not circuit.admits(now_s):
            now_s += 0.25
        waited.append(now_s - before_s)
        circuit.failed(now_s, 0.0)
    assert waited == [1, 2, 4, 8, 8, 8]


def test_a_probe_of_which_nothing_is_heard_is_followed_by_another() -> None:
    circuit = broken()
    assert circuit.admits(1.0)
    assert not circuit.admits(1.5)
    assert circuit.admits(2.0)


def test_those_who_asked_before_it_opened_are_no_failed_probes() -> None:
    circuit = broken()
    for _ in range(100):
        circuit.failed(0.5, 0.0)
    assert circuit.admits(1.0)


def test_who_asks_to_be_left_alone_is_left_alone_at_once_and_so_long() -> None:
    circuit = Circuit(failures=3, backoff=PLAIN)
    circuit.failed(0.0, 0.0, wait_s=60.0)
    assert circuit.is_open
    assert not circuit.admits(59.0)
    assert circuit.admits(60.0)


@given(chances=st.lists(CHANCES, min_size=4, max_size=30))
def test_a_dead_one_is_asked_ever_more_rarely_and_never_given_up(chances: list[float]) -> None:
    circuit = Circuit(failures=3)
    now_s, asked = 0.0, 0
    for chance in chances:
        while not circuit.admits(now_s):
            now_s += 0.5
            assert now_s < 60.5 * len(chances)
        asked += 1
        circuit.failed(now_s, chance)
    assert asked == len(chances)
    assert not circuit.admits(now_s)
    assert circuit.admits(now_s + 60.0)
