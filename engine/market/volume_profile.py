"""The volume profile: how much of a day's volume traded at which price."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

BINS = 24
"""Equal slices between a day's lowest and highest price."""
VALUE_SHARE = 0.7
"""Of the volume: what the value area holds at least."""

Numbers = NDArray[np.float64]


class VolumeProfile(msgspec.Struct, frozen=True):
    """Volume by price, the lowest price first. Prices are the middles of their slices, volumes in units traded."""

    levels: tuple[tuple[float, float], ...]
    point_of_control: float
    """The middle of the slice that traded most; of equals the lowest."""
    value_area_low: float
    value_area_high: float
    """The edges of the fewest slices around the point of control that hold 70 % of the volume."""


def volume_profile(highs: Sequence[float], lows: Sequence[float], volumes: Sequence[float]) -> VolumeProfile | None:
    """The profile of a day's bars, each bar's volume spread evenly from its low to its high; None without volume."""
    high, low, volume = (np.asarray(column, dtype=np.float64) for column in (highs, lows, volumes))
    if not volume.sum() > 0:
        return None
    bottom, top = float(low.min()), float(high.max())
    if top == bottom:
        return VolumeProfile(((bottom, float(volume.sum())),), bottom, bottom, bottom)
    edges = np.linspace(bottom, top, BINS + 1)
    traded = _spread(high, low, volume, edges)
    middles = (edges[:-1] + edges[1:]) / 2
    first, last = _value_area(traded)
    levels = tuple(zip(middles.tolist(), traded.tolist(), strict=True))
    return VolumeProfile(levels, float(middles[traded.argmax()]), float(edges[first]), float(edges[last + 1]))


def _spread(high: Numbers, low: Numbers, volume: Numbers, edges: Numbers) -> Numbers:
    """How much of each bar's volume falls into each slice; a bar of one price belongs to the slice that holds it."""
    span = high - low
    flat = span == 0
    width = np.where(flat, 1.0, span)
    overlap = np.minimum(high[:, None], edges[1:]) - np.maximum(low[:, None], edges[:-1])
    share = np.clip(overlap, 0.0, None) / width[:, None]
    home = np.clip(np.searchsorted(edges, low, side="right") - 1, 0, BINS - 1)
    share[flat] = 0.0
    share[flat, home[flat]] = 1.0
    return (share * volume[:, None]).sum(axis=0)


def _value_area(traded: Numbers) -> tuple[int, int]:
    """The first and the last slice: from the greatest on, the greater neighbour is taken in, the lower one of equals."""
    first = last = int(traded.argmax())
    wanted, held = VALUE_SHARE * float(traded.sum()), float(traded[first])
    while held < wanted and (first > 0 or last < len(traded) - 1):
        below = traded[first - 1] if first > 0 else -1.0
        above = traded[last + 1] if last < len(traded) - 1 else -1.0
        if below >= above:
            first -= 1
        else:
            last += 1
        held += float(max(below, above))
    return first, last
