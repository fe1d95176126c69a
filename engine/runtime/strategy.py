"""Strategies: which siblings a failing child takes along."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Strategy(StrEnum):
    """OTP's three; what is taken along is stopped in reverse and started again in order."""

    ONE_FOR_ONE = "one_for_one"
    """None: only the child itself is restarted."""
    REST_FOR_ONE = "rest_for_one"
    """Those started after it."""
    ONE_FOR_ALL = "one_for_all"
    """All."""

    def group(self, children: Sequence[T], failed: T) -> list[T]:
        """The failed child and those it takes along, in start order."""
        if self is Strategy.ONE_FOR_ONE:
            return [failed]
        if self is Strategy.ONE_FOR_ALL:
            return list(children)
        return list(children[children.index(failed) :])


ONE_FOR_ONE = Strategy.ONE_FOR_ONE
REST_FOR_ONE = Strategy.REST_FOR_ONE
ONE_FOR_ALL = Strategy.ONE_FOR_ALL
