"""What every decoder does with any bytes: ticks or nothing, and never an error."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.providers.conformance.case import Case
from tests.providers.conformance.frames import NOON, assert_total, frames_of, judged


def test_whole_frames_decode_to_ticks_of_every_instrument(case: Case) -> None:
    decoder, door, routes = judged(case)
    for frame in frames_of(case, door):
        assert_total(decoder, routes, frame)

    assert decoder.statistics().ticks >= len(routes)
    assert decoder.statistics().malformed == 0


@settings(max_examples=300)
@given(frame=st.binary(max_size=600))
def test_any_bytes_are_ticks_or_nothing(case: Case, frame: bytes) -> None:
    decoder, _, routes = judged(case)
    assert_total(decoder, routes, frame)


@settings(max_examples=300)
@given(seed=st.integers(0, 2**32 - 1))
def test_frames_that_were_damaged_cut_or_joined_are_ticks_or_nothing(case: Case, seed: int) -> None:
    decoder, door, routes = judged(case)
    rng = Random(seed)
    frames = frames_of(case, door)
    damaged = bytearray(rng.choice(frames) + (rng.choice(frames) if rng.random() < 0.3 else b""))
    for _ in range(rng.randrange(4)):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    frame = bytes(damaged[: rng.randrange(len(damaged) + 1)] if rng.random() < 0.3 else damaged)
    assert_total(decoder, routes, frame)


def test_routes_that_were_removed_are_silent_and_removing_them_again_is_no_error(case: Case) -> None:
    decoder, door, routes = judged(case)
    decoder.remove(list(routes.values()))
    decoder.remove(list(routes.values()))
    for frame in frames_of(case, door):
        assert decoder.decode(frame, NOON) == []
    decoder.add(list(routes.values()))
    assert sum(assert_total(decoder, routes, frame) for frame in frames_of(case, door)) >= len(routes)
