"""Evaluation: what is found is what one finds by looking at one instrument after the other."""

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.screening import Condition, Definition, Findings, Operand, operands, parse_operand, read_definition
from engine.screening.evaluation import evaluate, joined
from tests.screening.markets import DAY_NS, market
from tests.screening.usual import USUAL

NAMES = ("close", "sma(5)", "ema(3)", "rsi(4)", "change", "volume_average(3)[2]", "highest(4)[1]", "close[1]")
COMPARISONS = (">", ">=", "<", "<=", "between", "outside", "crosses_above", "crosses_below")


@st.composite
def conditions(draw: st.DrawFn, deep: int = 2) -> dict[str, Any]:
    if deep and draw(st.booleans()):
        parts = draw(st.lists(conditions(deep - 1), min_size=1, max_size=3))
        return {draw(st.sampled_from(("all", "any"))): parts}
    values = st.one_of(st.sampled_from(NAMES), st.floats(-5, 100, width=16))
    comparison = draw(st.sampled_from(COMPARISONS))
    two = comparison in ("between", "outside")
    right = draw(st.lists(values, min_size=2, max_size=2)) if two else draw(values)
    return {"left": draw(st.sampled_from(NAMES)), "is": comparison, "right": right}


def definition(where: dict[str, Any], **more: Any) -> Definition:
    return read_definition({"universe": {"exchange": "NSE"}, "where": where, **more})


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), where=conditions(), lengths=st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_all_at_once_finds_what_one_after_the_other_does(seed: int, where: dict[str, Any], lengths: list[int]) -> None:
    candles, wanted = market(seed, lengths), definition(where, limit=1000)
    names = {number: f"NSE:S{number}" for number in range(len(lengths))}

    found = evaluate(wanted, candles, names, since_ns=0)

    judged = {name: holds(wanted.where, values(candles, number)) for number, name in names.items()}
    assert [match.instrument for match in found.matches] == [name for name, said in judged.items() if said]
    assert found.undecided == sum(said is None for said in judged.values())
    assert found.examined == len(lengths) - found.undecided
    for match in found.matches:
        told = values(candles, int(match.instrument[5:]))
        for operand, mine in zip(operands(wanted), match.values, strict=True):
            usual = told(operand, 0)
            assert (mine is None and usual is None) or mine == pytest.approx(usual, rel=1e-9, abs=1e-6)


def values(candles: pl.DataFrame, number: int) -> Any:
    """An operand's value so many bars before the newest; None where there is none."""
    frame = candles.filter(pl.col("instrument") == number).to_pandas()

    def value(operand: Operand | float, before: int) -> float | None:
        if not isinstance(operand, Operand):
            return operand
        series = USUAL[operand.indicator](frame, *map(int, operand.arguments))
        at = len(series) - 1 - operand.ago - before
        return None if at < 0 or math.isnan(series.iloc[at]) else float(series.iloc[at])

    return value


def holds(condition: Condition, value: Any) -> bool | None:
    if condition.all is not None:
        said = [holds(part, value) for part in condition.all]
        return False if False in said else None if None in said else True
    if condition.any is not None:
        said = [holds(part, value) for part in condition.any]
        return True if True in said else None if None in said else False
    return compares(condition, value)


def compares(condition: Condition, value: Any) -> bool | None:
    left = parse_operand(str(condition.left))
    written = condition.right if isinstance(condition.right, tuple) else (condition.right,)
    right = [parse_operand(one) if isinstance(one, str) else one for one in written]
    now, ends, kind = value(left, 0), [value(one, 0) for one in right], str(condition.comparison)
    before, other = value(left, 1), value(right[0], 1)
    assume(not any(is_tied(one, end) for one, end in ((now, ends[0]), (now, ends[-1]), (before, other))))
    pairs = {
        ">": lambda: now > ends[0],
        ">=": lambda: now >= ends[0],
        "<": lambda: now < ends[0],
        "<=": lambda: now <= ends[0],
    }
    if kind in pairs:
        return None if now is None or ends[0] is None else pairs[kind]()
    if kind in ("between", "outside"):
        above = None if now is None or ends[0] is None else now >= ends[0]
        below = None if now is None or ends[1] is None else now <= ends[1]
        inside = False if False in (above, below) else None if None in (above, below) else True
        return inside if kind == "between" or inside is None else not inside
    sign = 1 if kind == "crosses_above" else -1
    is_there = None if now is None or ends[0] is None else sign * now > sign * ends[0]
    was_not = None if before is None or other is None else sign * before <= sign * other
    return False if False in (is_there, was_not) else None if None in (is_there, was_not) else True


def is_tied(one: float | None, other: float | None) -> bool:
    """Averages of the same prices differ in their last digits, by the order in which they were added."""
    return None not in (one, other) and one != other and one == pytest.approx(other, rel=1e-9)


def test_who_trades_no_more_does_not_count() -> None:
    candles = market(3, [10, 4, 10])
    found = evaluate(
        definition({"left": "close", "is": ">", "right": 0}),
        candles,
        {0: "NSE:A", 1: "NSE:OLD", 2: "NSE:B", 3: "NSE:NONE"},
        since_ns=5 * DAY_NS,
    )
    assert [match.instrument for match in found.matches] == ["NSE:A", "NSE:B"]
    assert (found.examined, found.stale, found.missing, found.undecided) == (2, 1, 1, 0)


def test_minutes_without_a_price_are_no_bars() -> None:
    candles = market(3, [10]).with_columns(
        pl.when(pl.col("time") >= 8 * DAY_NS).then(float("nan")).otherwise(pl.col("close")).alias("close")
    )
    wanted = definition({"left": "close", "is": ">", "right": 0})
    assert evaluate(wanted, candles, {0: "NSE:A"}, since_ns=0).matches[0].time == 7 * DAY_NS // 1_000_000


def test_parts_are_joined_sorted_and_cut() -> None:
    candles, names = market(5, [30, 12, 30, 30, 30]), dict(enumerate("EDCBA"))
    wanted = definition({"left": "close", "is": ">", "right": 0}, sort={"by": "sma(20)"}, limit=4)
    half = [
        evaluate(
            wanted, candles.filter(pl.col("instrument").is_in(part)), {one: names[one] for one in part}, since_ns=0
        )
        for part in ([0, 1], [2, 3, 4])
    ]
    whole = joined(wanted, half)
    assert whole == joined(wanted, [evaluate(wanted, candles, names, since_ns=0)])
    sorted_by = [match.values[1] for match in whole.matches]
    assert len(sorted_by) == 4
    assert sorted_by == sorted(sorted_by, reverse=True)
    assert (whole.found, whole.examined) == (5, 5)

    everything = joined(
        definition({"left": "close", "is": ">", "right": 0}, sort={"by": "sma(20)", "descending": False}), half
    )
    assert everything.matches[-1].values[1] is None
    by_name = joined(definition({"left": "close", "is": ">", "right": 0}), half)
    assert [match.instrument for match in by_name.matches] == ["A", "B", "C", "D", "E"]
    assert joined(wanted, []) == Findings()
