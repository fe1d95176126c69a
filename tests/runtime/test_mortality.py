"""The switch that ends a process at a point of a heal: only there, at the time it was told, and never by mistake."""

import os
import signal
import subprocess
import sys

import pytest

from engine.runtime import HealPoint
from engine.runtime.mortality import VARIABLE

TWICE = "from engine.runtime import HealPoint, reach\nfor point in [*HealPoint, *HealPoint]:\n    reach(point)\n    print(point)"


def run(wish: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, VARIABLE: wish}
    return subprocess.run([sys.executable, "-c", TWICE], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("wish", "before"), [("heal:1", 0), ("heal:6", 5), ("heal:2x2", 21)])
def test_a_process_ends_where_and_when_it_was_told(wish: str, before: int) -> None:
    ended = run(wish)
    assert (ended.returncode, len(ended.stdout.splitlines())) == (-signal.SIGKILL, before)


@pytest.mark.parametrize("wish", ["heal:0", "heal:21", "heal", "6", "heal:6x"])
def test_a_point_that_does_not_exist_is_refused_at_the_start(wish: str) -> None:
    ended = run(wish)
    assert ended.returncode == 1
    assert f"{VARIABLE}: expected heal:1 to heal:20, was {wish!r}." in ended.stderr


def test_without_the_switch_nobody_dies() -> None:
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    ended = subprocess.run([sys.executable, "-c", TWICE], env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout.splitlines()) == (0, [str(point) for point in HealPoint] * 2)
