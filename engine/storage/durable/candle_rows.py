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


def waves(kept: Iterable[Kept]) -> list[list[Kept]]:
    """A batch in parts that hold each bucket once, the newest revisions first: a statement can write a row only once.

    Of equal revisions the one is left that the tables' rule would leave; a forming one only goes with its bucket's first.
    """
    revisions: dict[Key, dict[int, Kept]] = {}
    for one in kept:
        candle, known = _candle(one), revisions.setdefault(_key(one), {})
        before = known.get(candle.revision)
        if before is None or _candle(before).state is CandleState.FORMING:
            known[candle.revision] = one
    ordered = [sorted(known.items(), reverse=True) for known in revisions.values()]
    most = max(map(len, ordered), default=0)
    return [[known[number][1] for known in ordered if number < len(known)] for number in range(most)]


def bar_row(candle: Candle, ids: Mapping[str, int]) -> Row:
    return ids[candle.instrument], candle.timeframe, *_fields(candle)


def day_row(day: DailyCandle, ids: Mapping[str, int]) -> Row:
    extras = (day.previous_close, day.adj_close, day.delivery_percentage)
    return ids[day.candle.instrument], day.date, *_fields(day.candle), *extras


def candle_of(row: asyncpg.Record, instrument: str, timeframe: str) -> Candle:
    return Candle(
        instrument=instrument,
        timeframe=timeframe,
        time=row["time_us"] * MICROSECOND_NS,
        open=row["open"],
        high=row["high"],
        low=row["low"],
        close=row["close"],
        volume=row["volume"],
        open_interest=row["oi"],
        state=CandleState(row["state"]),
        revision=row["rev"],
        source=row["source"],
        resolve_required=row["resolve_required"],
        published_ns=row["published_us"] * MICROSECOND_NS,
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
