"""What every test gets: async tests run on trio, an absolute deadline, and a check that no actor outlives its test."""

from __future__ import annotations

import faulthandler
import inspect
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pykka
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from types import FrameType

pytest_plugins = ["tests.servers"]

DEADLINE_S = 60.0
SLOW_DEADLINE_S = 300.0
REMINDER_S = 5.0
WHOLE = (Path(__file__).parent / "engine", Path(__file__).parent / "browser")
"""Tests of whole programs in real time: each may take as long as one that starts processes."""

hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


class TestDeadlineError(BaseException):
    """The test ran past its absolute deadline."""

    __test__ = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if set(WHOLE) & set(item.path.parents):
            item.add_marker(pytest.mark.slow)
        if _is_async(item) and item.get_closest_marker("anyio") is None:
            item.add_marker(pytest.mark.trio)


def _is_async(item: pytest.Item) -> bool:
    function = getattr(item, "obj", None)
    property_test = getattr(function, "hypothesis", None)
    return inspect.iscoroutinefunction(getattr(property_test, "inner_test", function))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """One deadline for set-up, call and tear-down together; a test that swallows the alarm is reminded."""
    if threading.current_thread() is not threading.main_thread():
        return (yield)
    limit = SLOW_DEADLINE_S if item.get_closest_marker("slow") else DEADLINE_S

    def expired(_signal: int, _frame: FrameType | None) -> None:
        faulthandler.dump_traceback(file=sys.__stderr__ or sys.stderr, all_threads=True)
        message = f"{item.nodeid} ran longer than {limit:g} s"
        raise TestDeadlineError(message)

    previous = signal.signal(signal.SIGALRM, expired)
    signal.setitimer(signal.ITIMER_REAL, limit, REMINDER_S)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


@pytest.fixture(autouse=True)
def no_actor_outlives_its_test() -> Iterator[None]:
    yield
    left = pykka.ActorRegistry.get_all()
    if left:  # the next test must not pay for this one
        for reference in left:
            pykka.ActorRegistry.unregister(reference)
        pytest.fail(f"actors still registered after the test: {', '.join(sorted(map(str, left)))}")
