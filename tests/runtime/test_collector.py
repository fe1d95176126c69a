"""The collector rests while everything starts, and is at work again whatever the start came to."""

import gc

import pytest

from engine.runtime import resting


def fail_while_it_rests(seen: list[bool]) -> None:
    with resting():
        seen.append(gc.isenabled())
        raise OSError("no start")


def test_it_rests_for_as_long_as_the_block_lasts_also_when_that_fails() -> None:
    assert gc.isenabled()
    seen: list[bool] = []
    with pytest.raises(OSError, match="no start"):
        fail_while_it_rests(seen)
    assert seen == [False]
    assert gc.isenabled()


def test_one_that_was_switched_off_stays_off() -> None:
    gc.disable()
    try:
        with resting():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
