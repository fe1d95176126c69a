"""The contract suite runs twice: on trio with a virtual clock, and on asyncio with uvloop in real time."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from trio.testing import MockClock

from tests.runtime.parts import Tree


@pytest.fixture(params=["trio", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    if request.param == "trio":
        return "trio", {"clock": MockClock(autojump_threshold=0)}
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
def second(anyio_backend_name: str) -> float:
    """What a test calls a second: a real one on the virtual clock, a short while in real time."""
    return 1.0 if anyio_backend_name == "trio" else 0.04


@pytest.fixture
def log() -> Any:
    """What the kernel reports, as dictionaries."""
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
async def tree(log: Any) -> Any:
    """A running system whose root is a dynamic supervisor at ``/root``."""
    async with Tree() as tree:
        yield tree
