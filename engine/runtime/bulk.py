"""Bulk work on cells: thousands started or stopped without holding the loop for long."""

from __future__ import annotations

from collections import deque
from time import perf_counter
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.runtime.cell import Cell
    from engine.runtime.system import ActorSystem

SLICE_S = 0.01
"""How long bulk work holds the loop at a time."""


async def start_all(cells: Iterable[Cell]) -> None:
    """Start in order, each ready before the next."""
    slice_end = perf_counter() + SLICE_S
    for cell in cells:
        await cell.start()
        if perf_counter() > slice_end:
            await anyio.lowlevel.checkpoint()
            slice_end = perf_counter() + SLICE_S


async def stop_all(system: ActorSystem, cells: Iterable[Cell]) -> None:
    """Stop in the order given, each within its budget, cancelled or not. Reactive ones go by the slice."""
    left = deque(cells)
    with anyio.CancelScope(shield=True):
        while left:
            if left[0].runner is not None:
                await left.popleft().stop()
            else:
                _stop_slice(system, left)
                await anyio.lowlevel.checkpoint()


def _stop_slice(system: ActorSystem, left: deque[Cell]) -> None:
    slice_end = perf_counter() + SLICE_S
    with system.leaving_in_bulk():
        while left and left[0].runner is None and perf_counter() < slice_end:
            left.popleft().stop_now()
