"""What tests of every provider share: the recorded data, and routes to decode for."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded market data; tests that need it are skipped where it is absent."""
    folder = (ROOT / os.environ.get("TICKTREE_RECORDINGS", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no recorded data at {folder} (TICKTREE_RECORDINGS)")
    return folder
