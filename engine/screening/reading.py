"""Reading definitions: what is written becomes a Definition, or an error that names every part that is wrong."""

import math
import re
from collections.abc import Iterator

import msgspec

from engine.market.errors import SymbolError
from engine.market.symbols import parse_symbol
from engine.market.timeframe import TimeframeError, parse_timeframe
from engine.screening.definition import Condition, Definition, Universe
from engine.screening.errors import DefinitionError, OperandError, Problem
from engine.screening.operand import Operand, parse_operand

DEEPEST = 5
"""Conditions within conditions."""
MOST_COMPARISONS = 50
MOST_BARS = 6_500
"""Of one instrument: every average of one length has room, and those of averages whose lengths together are no longer."""
DAILY = "1d"
_TOLD = re.compile(r"(?P<words>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)
_NAMED = re.compile(r"Object (?P<fault>missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)


def read_definition(written: object) -> Definition:
    """The definition, with its timeframe as the tables write it. Raises DefinitionError."""
    try:
        definition = msgspec.convert(written, Definition)
    except msgspec.ValidationError as error:
        raise DefinitionError([_problem_of(error)]) from None
    return checked(definition)


def checked(definition: Definition) -> Definition:
    """The same for one that has the right form: is it one that can be meant? Raises DefinitionError."""
    problems = list(_problems(definition))
    if problems:
        raise DefinitionError(problems)
    return msgspec.structs.replace(definition, timeframe=parse_timeframe(definition.timeframe))


def _problem_of(error: msgspec.ValidationError) -> Problem:
    """What msgspec says, with the part it is about in front."""
    told = _TOLD.fullmatch(str(error))
    words, path = (told["words"], told["path"] or "") if told else (str(error), "")
    named = _NAMED.fullmatch(words)
    if named is None:
        return Problem(path, words)
    place = f"{path}.{named['name']}" if path else named["name"]
    return Problem(place, "is missing" if named["fault"].startswith("missing") else "unknown field")


def operands(definition: Definition) -> tuple[Operand, ...]:
    """All values it needs, each once: those compared, in their order, then what it sorts by and what it shows."""
    written = [name for comparison in _comparisons(definition.where) for name in _names(comparison)]
    written += [definition.sort.by] if definition.sort else []
    return tuple(dict.fromkeys(parse_operand(name) for name in (*written, *definition.columns)))


def bars(definition: Definition) -> int:
    """How many of each instrument's newest bars have to be read."""
    return max(operand.bars(definition.timeframe) for operand in operands(definition))


def _problems(definition: Definition) -> Iterator[Problem]:
    timeframe = ""
    try:
        timeframe = parse_timeframe(definition.timeframe)
    except TimeframeError as error:
        yield Problem("timeframe", str(error))
    yield from _of_universe(definition.universe)
    yield from _of_condition("where", definition.where, timeframe, DEEPEST)
    if sum(1 for _ in _comparisons(definition.where)) > MOST_COMPARISONS:
        yield Problem("where", f"at most {MOST_COMPARISONS} comparisons")
    if definition.sort:
        yield from _of_operand("sort.by", definition.sort.by, timeframe)
    for number, column in enumerate(definition.columns):
        yield from _of_operand(f"columns[{number}]", column, timeframe)


def _of_universe(universe: Universe) -> Iterator[Problem]:
    if universe == Universe() or (universe.kind and universe == Universe(kind=universe.kind)):
        yield Problem("universe", "name instruments, a list, an exchange or a sector")
    if universe.instruments is not None and not universe.instruments:
        yield Problem("universe.instruments", "name at least one")
    for number, name in enumerate(universe.instruments or ()):
        if not is_canonical(name):
            yield Problem(f"universe.instruments[{number}]", f"expected EXCHANGE:SYMBOL, was {name!r}")


def is_canonical(instrument: str) -> bool:
    """Whether it is written as the tables write it."""
    try:
        symbol = parse_symbol(instrument)
    except SymbolError:
        return False
    return symbol.exchange is not None and symbol.canonical == instrument


def _of_condition(path: str, one: Condition, timeframe: str, room: int) -> Iterator[Problem]:
    compares = one.left is not None or one.comparison is not None or one.right is not None
    if compares + (one.all is not None) + (one.any is not None) != 1:
        yield Problem(path, "expected either left, is and right, or all, or any")
    elif compares:
        yield from _of_comparison(path, one, timeframe)
    elif not room:
        yield Problem(path, f"conditions stand at most {DEEPEST} deep in others")
    else:
        name, parts = ("all", one.all) if one.all is not None else ("any", one.any or ())
        if not parts:
            yield Problem(f"{path}.{name}", "name at least one condition")
        for number, part in enumerate(parts):
            yield from _of_condition(f"{path}.{name}[{number}]", part, timeframe, room - 1)


def _of_comparison(path: str, one: Condition, timeframe: str) -> Iterator[Problem]:
    missing = {"left": one.left, "is": one.comparison, "right": one.right}
    for name, given in missing.items():
        if given is None:
            yield Problem(f"{path}.{name}", "is missing")
    if one.left is not None:
        yield from _of_operand(f"{path}.left", one.left, timeframe)
    if one.comparison is not None and one.right is not None and one.comparison.takes_two is not _is_pair(one.right):
        takes = "two values, as in [40, 60]" if one.comparison.takes_two else "one value"
        yield Problem(f"{path}.right", f"{one.comparison} compares with {takes}")
    for place, value in _values(one, f"{path}.right"):
        if isinstance(value, str):
            yield from _of_operand(place, value, timeframe)
        elif not math.isfinite(value):
            yield Problem(place, f"expected a number, was {value}")


def _of_operand(path: str, written: str, timeframe: str) -> Iterator[Problem]:
    try:
        operand = parse_operand(written)
    except OperandError as error:
        yield Problem(path, str(error))
        return
    indicator = operand.described
    if timeframe and (needed := operand.bars(timeframe)) > MOST_BARS:
        yield Problem(path, f"{operand} needs {needed:,} bars, at most {MOST_BARS:,} are read: take shorter lengths")
    if timeframe and indicator.timeframes == "daily" and timeframe != DAILY:
        yield Problem(path, f"{indicator.name} is of days: it goes with the timeframe {DAILY} alone")
    if indicator.timeframes == "intraday" and timeframe == DAILY:
        yield Problem(path, f"{indicator.name} is of one session: it goes with timeframes shorter than {DAILY}")


def _comparisons(condition: Condition) -> Iterator[Condition]:
    parts = condition.all or condition.any
    if parts is None:
        yield condition
    for part in parts or ():
        yield from _comparisons(part)


def _names(comparison: Condition) -> list[str]:
    values = [comparison.left, *(value for _, value in _values(comparison))]
    return [value for value in values if isinstance(value, str)]


def _values(comparison: Condition, path: str = "") -> list[tuple[str, float | str]]:
    """What it compares with, and where that stands."""
    right = comparison.right
    if isinstance(right, tuple):
        return [(f"{path}[{number}]", value) for number, value in enumerate(right)]
    return [] if right is None else [(path, right)]


def _is_pair(right: object) -> bool:
    return isinstance(right, tuple)
