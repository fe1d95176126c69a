"""Marks: where bars are missing and where they were healed, as the charting library shows them on bars and time scale."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from engine.market.calendar import Calendar
from engine.market.candle import Candle, CandleState
from engine.market.ledger import BucketState, LedgerGap
from engine.market.timeframe import length_s
from web.udf.bars import shown_s

MOST_MARKS: Final = 500
"""In one answer, the newest."""
_SECOND_NS: Final = 1_000_000_000
_COLOURS: Final = {BucketState.MISSING: "red", BucketState.HEALING: "yellow", BucketState.UNRESOLVABLE: "blue"}
_HEALED: Final = "green"


class Mark(msgspec.Struct, frozen=True):
    """Something to be said of a bar."""

    id: str
    time: int
    """Unix seconds, of a bar that is there: the library drops marks of others."""
    color: str
    text: str
    label: str
    """One letter: G for a gap, H for a heal."""


def marks_of(candles: Sequence[Candle], gaps: Iterable[LedgerGap], calendar: Calendar) -> list[Mark]:
    """A mark for each gap, at the bar before it, and one for each row of bars that were revised; in order."""
    marks = [*_gaps(candles, gaps, calendar), *_heals(candles, calendar)]
    return sorted(marks, key=lambda mark: (mark.time, mark.id))[-MOST_MARKS:]


def columns(marks: Sequence[Mark]) -> dict[str, list[Any]]:
    """Marks as ``/marks`` answers them: a list for each of their properties."""
    table: dict[str, list[Any]] = {
        name: [getattr(mark, name) for mark in marks] for name in ("id", "time", "color", "text", "label")
    }
    return table | {"labelFontColor": ["white" for _ in marks], "minSize": [14 for _ in marks]}


def timescale(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """Marks as ``/timescale_marks`` answers them."""
    return [
        {"id": mark.id, "time": mark.time, "color": mark.color, "label": mark.label, "tooltip": [mark.text]}
        for mark in marks
    ]


def _gaps(candles: Sequence[Candle], gaps: Iterable[LedgerGap], calendar: Calendar) -> Iterator[Mark]:
    times = [candle.time for candle in candles]
    for gap in gaps:
        if not times:
            return
        beside = candles[max(0, bisect_left(times, gap.start_ns) - 1)]
        text = f"{gap.state.capitalize()}: {_between(gap.start_ns, gap.end_ns, calendar)}"
        text += f" ({gap.reason})" if gap.reason not in ("", gap.state) else ""
        seconds = gap.start_ns // _SECOND_NS
        yield Mark(f"gap-{seconds}", shown_s(beside, calendar), _COLOURS[gap.state], text, "G")


def _heals(candles: Sequence[Candle], calendar: Calendar) -> Iterator[Mark]:
    run: list[Candle] = []
    for candle in [*candles, None]:
        if candle is not None and candle.state is CandleState.REVISED:
            run.append(candle)
        elif run:
            yield _heal(run, calendar)
            run = []


def _heal(run: Sequence[Candle], calendar: Calendar) -> Mark:
    first, last = run[0], run[-1]
    end_ns = last.time + length_s(last.timeframe) * _SECOND_NS
    sources = ", ".join(sorted({candle.source for candle in run}))
    bars = f"{len(run)} bar{'s' if len(run) > 1 else ''}"
    text = f"Healed from {sources}: {bars}, {_between(first.time, end_ns, calendar)}"
    seconds = first.time // _SECOND_NS
    return Mark(
        f"heal-{seconds}-{max(candle.revision for candle in run)}", shown_s(first, calendar), _HEALED, text, "H"
    )


def _between(start_ns: int, end_ns: int, calendar: Calendar) -> str:
    """On the exchange's wall."""
    start, end = (datetime.fromtimestamp(ns // _SECOND_NS, calendar.zone) for ns in (start_ns, end_ns))
    return (
        f"{start:%Y-%m-%d %H:%M} to {end:%H:%M}"
        if start.date() == end.date()
        else f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
    )
