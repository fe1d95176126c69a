"""Definitions: what can be meant is read, and every part that can not be is named."""

import gc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.timeframe import TIMEFRAMES
from engine.screening import (
    INDICATORS,
    Definition,
    DefinitionError,
    Operand,
    OperandError,
    bars,
    operands,
    parse_operand,
    read_definition,
)
from engine.screening.reading import MOST_BARS

NSE = {"exchange": "NSE"}
RISING = {"left": "close", "is": ">", "right": "sma(50)"}


def problems(**written: Any) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        read_definition({"universe": NSE, "where": RISING, **written})
    return [str(problem) for problem in caught.value.problems]


def test_a_definition_is_read_with_all_it_needs() -> None:
    definition = read_definition(
        {
            "universe": {"exchange": "NSE", "sector": "Banks", "kind": "equity"},
            "timeframe": "60",
            "where": {
                "all": [
                    RISING,
                    {"any": [{"left": "rsi", "is": "between", "right": [40, "rsi(7)"]}, RISING]},
                    {"left": "sma( 50 )[5]", "is": "crosses_above", "right": 1},
                ]
            },
            "sort": {"by": "relative_volume", "descending": False},
            "columns": ["atr", "close"],
        }
    )
    assert definition.timeframe == "1h"
    needed = ["close", "sma(50)", "rsi(14)", "rsi(7)", "sma(50)[5]", "relative_volume(20)", "atr(14)"]
    assert [str(operand) for operand in operands(definition)] == needed
    assert bars(definition) == 14 * 12 + 1
    assert read_definition(msgspec.to_builtins(definition)) == definition


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"where": {}}, ["where: expected either left, is and right, or all, or any"]),
        ({"where": {**RISING, "all": [RISING]}}, ["where: expected either left, is and right, or all, or any"]),
        ({"where": {"all": []}}, ["where.all: name at least one condition"]),
        ({"where": {"left": "close"}}, ["where.is: is missing", "where.right: is missing"]),
        ({"where": {**RISING, "is": "above"}}, ["where.is: Invalid enum value 'above'"]),
        ({"where": {"all": [RISING, {**RISING, "lft": 3}]}}, ["where.all[1].lft: unknown field"]),
        ({"where": {**RISING, "right": [1, 2]}}, ["where.right: > compares with one value"]),
        (
            {"where": {**RISING, "is": "between"}},
            ["where.right: between compares with two values, as in [40, 60]"],
        ),
        ({"where": {**RISING, "right": float("inf")}}, ["where.right: expected a number, was inf"]),
        (
            {"where": {"any": [RISING, {"left": "rsii(14)", "is": "<", "right": "smma"}]}},
            [
                "where.any[1].left: there is no indicator 'rsii'; near it: rsi",
                "where.any[1].right: there is no indicator 'smma'; near it: sma, ema, macd",
            ],
        ),
        (
            {"where": {**RISING, "is": "outside", "right": [30, "sma(0)"]}},
            ["where.right[1]: length of sma is a number of 1 to 500, whole, was '0'"],
        ),
        ({"sort": {"by": "volume("}}, ["sort.by: expected a name as in sma(50), close or close[1], was 'volume('"]),
        ({"sort": {}}, ["sort.by: is missing"]),
        ({"columns": ["roc(2.5)"]}, ["columns[0]: length of roc is a number of 1 to 500, whole, was '2.5'"]),
        ({"columns": ["close(3)"]}, ["columns[0]: close takes no numbers, these are 1"]),
        ({"columns": ["close[900]"]}, ["columns[0]: close[900] lies too far back: at most 250 bars"]),
        ({"columns": ["vwap"]}, ["columns[0]: vwap is of one session: it goes with timeframes shorter than 1d"]),
        (
            {"timeframe": "5m", "where": {**RISING, "left": "gap"}},
            ["where.left: gap is of days: it goes with the timeframe 1d alone"],
        ),
        ({"timeframe": "7m"}, ["timeframe: Unknown timeframe: '7m'; known are 1m, 5m, 15m, 30m, 1h, 4h, 1d"]),
        ({"universe": {}}, ["universe: name instruments, a list, an exchange or a sector"]),
        ({"universe": {"kind": "index"}}, ["universe: name instruments, a list, an exchange or a sector"]),
        ({"universe": {"instruments": []}}, ["universe.instruments: name at least one"]),
        (
            {"universe": {"instruments": ["NSE:TCS", "TCS"]}},
            ["universe.instruments[1]: expected EXCHANGE:SYMBOL, was 'TCS'"],
        ),
        ({"limit": 0}, ["limit: Expected `int` >= 1"]),
        (
            {"columns": ["close", "macd_signal(500, 500, 500)"]},
            ["columns[1]: macd_signal(500, 500, 500) needs 18,001 bars, at most 6,500 are read: take shorter lengths"],
        ),
    ],
)
def test_what_can_not_be_meant_is_named(written: dict[str, Any], told: list[str]) -> None:
    assert problems(**written) == told


def test_conditions_have_their_bounds() -> None:
    deep: dict[str, Any] = RISING
    for _ in range(7):
        deep = {"all": [deep]}
    assert problems(where=deep) == ["where" + ".all[0]" * 5 + ": conditions stand at most 5 deep in others"]
    assert problems(where={"any": [RISING] * 51}) == ["where: at most 50 comparisons"]
    assert problems(where=None)[0].startswith("where: Expected `object`")


def test_the_collector_lives_through_the_types_of_a_definition() -> None:
    """A text with limits beside a tuple of fixed length made it crash."""
    msgspec.convert({"where": {"left": "close", "is": "between", "right": [1, 2]}}, Definition)
    assert gc.collect() >= 0


@given(st.sampled_from(sorted(INDICATORS)), st.integers(0, 250), st.data())
def test_an_operand_is_written_as_it_is_read(name: str, ago: int, data: st.DataObject) -> None:
    numbers = tuple(
        float(data.draw(st.integers(int(one.minimum + 0.9), int(one.maximum)))) for one in INDICATORS[name].parameters
    )
    operand = Operand(name, numbers, ago)
    assert parse_operand(str(operand)) == operand
    assert operand.bars("1d") > ago


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_no_definition_needs_more_bars_than_an_engine_can_hold(timeframe: str) -> None:
    longest = [
        f"{name}({','.join(f'{one.maximum:g}' for one in of.parameters)})[250]" for name, of in INDICATORS.items()
    ]
    accepted = [one for written in longest if (one := accepted_of(written, timeframe)) is not None]
    assert len(accepted) > len(longest) // 2
    assert max(map(bars, accepted)) <= MOST_BARS


def accepted_of(column: str, timeframe: str) -> Definition | None:
    written = {"universe": {"exchange": "NSE"}, "where": RISING, "timeframe": timeframe, "columns": [column]}
    try:
        return read_definition(written)
    except DefinitionError:
        return None


@given(st.text(max_size=30))
def test_whatever_is_written_is_an_operand_or_an_error(text: str) -> None:
    try:
        operand = parse_operand(text)
    except OperandError:
        return
    assert operand.indicator in INDICATORS
