"""The garbage collector in a process of thousands of actors: it shall look at what is new, not at what lives for ever."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

YOUNG_OBJECTS = 20_000
"""New containers between two looks: a frame of ticks makes hundreds that are gone by themselves (13 % of a tick's CPU)."""


def settle(*, tidy: bool = True) -> None:
    """Call when everything has been imported and started; the pauses that everybody would feel end with it.

    Without ``tidy`` nobody looks for garbage first: in hundreds of thousands of objects that takes half a second, and a
    start during which the collector rested leaves next to none.
    """
    if tidy:
        gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)


@contextmanager
def resting() -> Generator[None]:
    """Without collections, after one: a start makes hundreds of thousands of objects, and none of them is to go again."""
    gc.collect()
    was_at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_at_work:
            gc.enable()
