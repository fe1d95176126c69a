"""What is wrong with a definition, and where in it."""

from collections.abc import Sequence

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a definition."""

    path: str
    """The part it is about, as ``where.all[0].left``."""
    words: str

    def __str__(self) -> str:
        return f"{self.path}: {self.words}" if self.path else self.words


class DefinitionError(ValueError):
    """The definition can not be meant; names every part that is wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, problems)))


class OperandError(ValueError):
    """The text names no value of a candle."""
