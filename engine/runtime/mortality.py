"""Mortality: a switch for tests that ends this process at a numbered point of a heal, as ``kill -9`` would.

``TICKTREE_TEST_DIE_AT=heal:6`` ends it where it first gets to point 6, ``heal:6x3`` where it gets there for the third time.
Read once, when the process starts; ``engine.boot`` refuses it where the data is not simulated.
"""

import os
import re
import signal
from enum import IntEnum

VARIABLE = "TICKTREE_TEST_DIE_AT"


class HealPoint(IntEnum):
    """The life of a heal, from the first note of its gap to the last."""

    GAP_NOTED = 1
    """The gap stands in Redis, so that an engine after this one knows it."""
    HISTORY_READ = 2
    INSTRUMENT_SETTLED = 3
    """The instrument has closed what was due, and that is written."""
    COMPARED = 4
    REVISIONS_TOLD = 5
    """The revisions are on their way to the writer."""
    BEFORE_CANDLES = 6
    """The writer has noted that something is unsaved, and written nothing yet."""
    AFTER_CANDLES = 7
    BEFORE_EVENTS = 8
    AFTER_EVENTS = 9
    BEFORE_ROWS = 10
    AFTER_ROWS = 11
    BEFORE_VERDICTS = 12
    AFTER_VERDICTS = 13
    GAP_CLOSED = 14
    """Redis no longer holds the gap."""
    BEFORE_OLD_ROWS = 15
    """Of what Redis keeps no more the revisions are made, and neither saved nor told."""
    AFTER_OLD_ROWS = 16
    """PostgreSQL holds them and nobody was told: to the next engine nothing is wrong."""
    OLD_ROWS_TOLD = 17
    DAY_COMPARED = 18
    """The revisions of an earlier day are made; no instrument has a part in it."""
    DAY_TOLD = 19
    """Those that Redis keeps are on their way to the writer."""
    DAY_HEALED = 20
    """One of a gap's earlier days is settled; of the others nothing is done yet."""


class _Fate:
    def __init__(self, wish: str | None) -> None:
        self.point, self._left = _parse(wish) if wish else (None, 0)

    def reach(self, point: HealPoint) -> None:
        if point is not self.point:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _parse(wish: str) -> tuple[HealPoint, int]:
    found = re.fullmatch(r"heal:(\d+)(?:x(\d+))?", wish)
    if found is None or int(found[1]) not in set(HealPoint):
        raise ValueError(f"{VARIABLE}: expected heal:1 to heal:{max(HealPoint)}, was {wish!r}.")
    return HealPoint(int(found[1])), int(found[2] or 1)


_fate = _Fate(os.environ.get(VARIABLE))


def reach(point: HealPoint) -> None:
    """Says that the process has got to a point; it does not return where the process is to die there."""
    _fate.reach(point)


def is_armed() -> bool:
    """Whether this process is to die on its way."""
    return _fate.point is not None
