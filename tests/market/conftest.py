"""Where the recorded market data is, and the calendars the tests use."""

import os
from pathlib import Path

import pytest

from config.calendars import load_calendar
from engine.market import Calendar


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded market data; tests that need it are marked ``recorded`` and skipped without it."""
    root = Path(__file__).parents[2]
    folder = (root / os.environ.get("TICKTREE_RECORDINGS", "../shared/data")).resolve()
    if not (folder / "bars").is_dir():
        pytest.skip(f"no recorded market data in {folder}: set TICKTREE_RECORDINGS")
    return folder


@pytest.fixture(scope="session")
def nse() -> Calendar:
    return Calendar.parse(load_calendar("NSE"))


@pytest.fixture(scope="session")
def around_the_clock() -> Calendar:
    return Calendar.continuous("Asia/Kolkata", "SIM")
