"""Candles as rows: on their way into the tables, and out of them."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

import asyncpg

from engine.market.candle import Candle, CandleState
from engine.storage.durable.rows import DailyCandle
from engine.storage.durable.times import MICROSECOND_NS

Row = tuple[Any, ...]
Key = tuple[str, str, int] | tuple[str, date]
Kept = TypeVar("Kept", Candle, DailyCandle)

_STATES = {state.value: state for state in CandleState}


def waves(kept: Iterable[Kept]) -> list[list[Kept]]:
    """A batch in parts that hold each bucket once, the newest revisions first: a statement can write a row only once.

    Of equal revisions all that differ go, in their order, as the tables' rule decides which stays: a flag that came after
    the minute, and in the same batch, must not be lost. A forming one goes only where nothing of its number comes after it.
    """
    revisions: dict[Key, dict[int, list[Kept]]] = {}
    for one in kept:
        told = revisions.setdefault(_key(one), {}).setdefault(_candle(one).revision, [])
        if told and _candle(told[-1]).state is CandleState.FORMING:
            told[-1] = one
        elif not told or _is_news(_candle(told[-1]), _candle(one)):
            told.append(one)
    ordered = [[one for number in sorted(known, reverse=True) for one in known[number]] for known in revisions.values()]
    most = max(map(len, ordered), default=0)
    return [[told[number] for told in ordered if number < len(told)] for number in range(most)]


def bar_row(candle: Candle, ids: Mapping[str, int]) -> Row:
    return ids[candle.instrument], candle.timeframe, *_fields(candle)


def day_row(day: DailyCandle, ids: Mapping[str, int]) -> Row:
    extras = (day.previous_close, day.adj_close, day.delivery_percentage)
    return ids[day.candle.instrument], day.date, *_fields(day.candle), *extras


def candle_of(row: asyncpg.Record, instrument: str, timeframe: str) -> Candle:
    """A row that begins as the statements list a candle's columns; by name they would take twice the time."""
    _, time_us, opening, high, low, close, volume, oi, source, revision, state, resolve_required, published_us = row[
        :13
    ]
    return Candle(
        instrument,
        timeframe,
        time_us * MICROSECOND_NS,
        opening,
        high,
        low,
        close,
        volume,
        oi,
        _STATES[state],
        revision,
        source,
        resolve_required,
        published_us * MICROSECOND_NS,
    )


def day_of(row: asyncpg.Record, instrument: str) -> DailyCandle:
    return DailyCandle(
        date=row["date"],
        candle=candle_of(row, instrument, "1d"),
        previous_close=row["previous_close"],
        adj_close=row["adj_close"],
        delivery_percentage=row["delivery_percentage"],
    )


def _candle(kept: Candle | DailyCandle) -> Candle:
    return kept if isinstance(kept, Candle) else kept.candle


def _is_news(closed: Candle, later: Candle) -> bool:
    return later.state is not CandleState.FORMING and later != closed


def _key(kept: Candle | DailyCandle) -> Key:
    if isinstance(kept, DailyCandle):
        return kept.candle.instrument, kept.date
    return kept.instrument, kept.timeframe, kept.time


def _fields(candle: Candle) -> Row:
    return (
        candle.time // MICROSECOND_NS,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
        candle.open_interest,
        candle.source,
        candle.revision,
        candle.state.value,
        candle.resolve_required,
        candle.published_ns // MICROSECOND_NS,
    )
