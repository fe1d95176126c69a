"""Evaluation: for which of many instruments a definition's conditions hold at their newest bars."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Final

import polars as pl

from engine.screening.definition import Comparison, Condition, Definition
from engine.screening.formulas import Bars
from engine.screening.operand import Operand, parse_operand
from engine.screening.reading import operands
from engine.screening.result import Findings, Match

_MS_NS = 1_000_000
_BEFORE = " before"
"""What a value's name ends in that is of one bar earlier."""
_PLAIN: Final[dict[Comparison, Callable[[pl.Expr, pl.Expr], pl.Expr]]] = {
    Comparison.ABOVE: gt,
    Comparison.AT_LEAST: ge,
    Comparison.BELOW: lt,
    Comparison.AT_MOST: le,
}
_CROSSED: Final = {Comparison.CROSSES_ABOVE: gt, Comparison.CROSSES_BELOW: lt}
"""What holds now and did not one bar earlier."""


def evaluate(
    definition: Definition, candles: pl.DataFrame, instruments: Mapping[int, str], *, since_ns: int
) -> Findings:
    """What holds for these instruments, by the ids their candles bear.

    Instruments whose newest bar opened before ``since_ns`` are stale: what held for them may be long over.
    """
    wanted = operands(definition)
    newest = _newest(Bars(candles.filter(pl.col("close").is_not_nan())), wanted)
    fresh = newest.filter(pl.col("time") >= since_ns).with_columns(_holds(definition.where).alias("holds"))
    held = fresh.filter(pl.col("holds"))
    matches = [
        Match(instruments[row[0]], row[1] // _MS_NS, row[2], row[3:])
        for row in held.select("instrument", "time", "last", *map(str, wanted)).iter_rows()
    ]
    return Findings(
        tuple(matches),
        found=len(matches),
        examined=fresh.height - fresh["holds"].null_count(),
        undecided=fresh["holds"].null_count(),
        stale=newest.height - fresh.height,
        missing=len(instruments) - newest.height,
    )


def joined(definition: Definition, parts: Iterable[Findings]) -> Findings:
    """What came of all parts together, sorted and cut as the definition wants it."""
    told = list(parts)
    matches = [match for part in told for match in part.matches]
    return Findings(
        tuple(_sorted(definition, matches)[: definition.limit]),
        found=len(matches),
        examined=sum(part.examined for part in told),
        undecided=sum(part.undecided for part in told),
        stale=sum(part.stale for part in told),
        missing=sum(part.missing for part in told),
    )


def _sorted(definition: Definition, matches: Sequence[Match]) -> list[Match]:
    """What has no value to sort by comes last, and equals by name."""
    by_name = sorted(matches, key=lambda match: match.instrument)
    if definition.sort is None:
        return by_name
    column = operands(definition).index(parse_operand(definition.sort.by))
    sign = -1 if definition.sort.descending else 1

    def place(match: Match) -> tuple[bool, float]:
        value = match.values[column]
        return value is None, 0.0 if value is None else sign * value

    return sorted(by_name, key=place)


def _newest(bars: Bars, wanted: Sequence[Operand]) -> pl.DataFrame:
    """One row an instrument: its newest bar, and every operand's value there and one bar earlier."""
    columns = [bars.value(operand.indicator, *operand.arguments).meta.output_name() for operand in wanted]
    frame = bars.frame
    counts = frame.group_by("instrument", maintain_order=True).len()["len"].cast(pl.Int64)
    last = counts.cum_sum() - 1
    first = last - counts + 1

    def at(column: str, ago: int) -> pl.Series:
        """Null where the instrument's bars do not reach back so far."""
        place = last - ago
        return frame[column].gather(place.set(place < first, None))

    return pl.DataFrame(
        {"instrument": at("instrument", 0), "time": at("time", 0), "last": at("close", 0)}
        | {str(operand): at(column, operand.ago) for operand, column in zip(wanted, columns, strict=True)}
        | {f"{operand}{_BEFORE}": at(column, operand.ago + 1) for operand, column in zip(wanted, columns, strict=True)}
    )


def _holds(condition: Condition) -> pl.Expr:
    """True, false, or null where that can not be said: a value is missing, and the other conditions do not decide."""
    if condition.all is not None:
        return pl.all_horizontal(map(_holds, condition.all))
    if condition.any is not None:
        return pl.any_horizontal(map(_holds, condition.any))
    assert condition.left is not None
    assert condition.comparison is not None
    right = condition.right if isinstance(condition.right, tuple) else (condition.right,)
    return _compared(condition.left, condition.comparison, [value for value in right if value is not None])


def _compared(left: str, comparison: Comparison, right: Sequence[float | str]) -> pl.Expr:
    if comparison in _PLAIN:
        return _PLAIN[comparison](_value(left), _value(right[0]))
    if comparison.takes_two:
        inside = (_value(left) >= _value(right[0])) & (_value(left) <= _value(right[1]))
        return inside if comparison is Comparison.BETWEEN else ~inside
    crossed = _CROSSED[comparison]
    return crossed(_value(left), _value(right[0])) & ~crossed(_value(left, _BEFORE), _value(right[0], _BEFORE))


def _value(written: float | str, when: str = "") -> pl.Expr:
    return pl.col(f"{parse_operand(written)}{when}") if isinstance(written, str) else pl.lit(float(written))
