"""Operands: one value of a candle as a definition writes it, ``rsi(14)``, ``sma(50)[5]`` (five bars ago) or ``close``."""

import re
from difflib import get_close_matches

import msgspec

from engine.market.timeframe import length_s
from engine.screening.catalogue import A_YEAR, INDICATORS, SETTLED, Indicator, Parameter
from engine.screening.errors import OperandError

_DAY_S = 86_400
LONGEST_AGO = 250
"""Bars."""
_WRITTEN = re.compile(r"([a-z][a-z0-9_]{0,39})(?:\(([^()\[\]]{0,60})\))?(?:\[([0-9]{1,4})\])?")


class Operand(msgspec.Struct, frozen=True):
    """An indicator with its numbers, so many bars before the newest."""

    indicator: str
    arguments: tuple[float, ...] = ()
    ago: int = 0

    @property
    def described(self) -> Indicator:
        return INDICATORS[self.indicator]

    def bars(self, timeframe: str) -> int:
        """How many of the newest bars have to be read for it, the bar before it included (for crossings)."""
        lengths = [round(argument) for argument in self.arguments]
        own = {
            "window": max(lengths, default=1) + 1,
            "smoothed": SETTLED * sum(lengths),
            "year": A_YEAR + 10,
            "session": _DAY_S // length_s(timeframe) + 1,
        }
        return own[self.described.bars] + self.ago + 1

    def __str__(self) -> str:
        numbers = f"({', '.join(f'{argument:g}' for argument in self.arguments)})" if self.arguments else ""
        return f"{self.indicator}{numbers}" + (f"[{self.ago}]" if self.ago else "")


def parse_operand(written: str) -> Operand:
    """Reads one, with the usual numbers where none are written. Raises OperandError with a sentence."""
    match = _WRITTEN.fullmatch(written.strip())
    if match is None:
        raise OperandError(f"expected a name as in sma(50), close or close[1], was {written[:60]!r}")
    name, numbers, ago = match.groups()
    indicator = INDICATORS.get(name)
    if indicator is None:
        near = get_close_matches(name, INDICATORS, 3, 0.5)
        raise OperandError(f"there is no indicator {name!r}" + (f"; near it: {', '.join(near)}" if near else ""))
    if int(ago or 0) > LONGEST_AGO:
        raise OperandError(f"{name}[{ago}] lies too far back: at most {LONGEST_AGO} bars")
    return Operand(name, _arguments(indicator, numbers), int(ago or 0))


def _arguments(indicator: Indicator, written: str | None) -> tuple[float, ...]:
    texts = [text.strip() for text in written.split(",")] if written and written.strip() else []
    wanted = indicator.parameters
    if len(texts) > len(wanted):
        takes = f"takes {', '.join(one.name for one in wanted)}" if wanted else "takes no numbers"
        raise OperandError(f"{indicator.name} {takes}, these are {len(texts)}")
    given = tuple(_number(indicator.name, one, text) for one, text in zip(wanted, texts, strict=False))
    return given + tuple(one.default for one in wanted[len(given) :])


def _number(name: str, parameter: Parameter, text: str) -> float:
    expected = f"{parameter.minimum:g} to {parameter.maximum:g}" + (", whole" if parameter.is_whole else "")
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not parameter.minimum <= number <= parameter.maximum or (parameter.is_whole and number != round(number)):
        raise OperandError(f"{parameter.name} of {name} is a number of {expected}, was {text[:20]!r}")
    return number
