"""Gaps: what bars lack, as callers read it, and the gaps of a page put together from those of its portions."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from engine.market.ledger import LedgerGap

MOST_GAPS: Final = 10_000


def gap_row(gap: LedgerGap) -> dict[str, Any]:
    """A gap as callers read it; times in milliseconds UTC, the end not included."""
    return {
        "start": gap.start_ns // 1_000_000,
        "end": gap.end_ns // 1_000_000,
        "state": gap.state,
        "reason": gap.reason,
    }


class PageGaps:
    """The gaps of a page, in the order of its bars. What was cut where two portions meet is one again."""

    def __init__(self, *, newest_first: bool) -> None:
        self._newest_first = newest_first
        self._gaps: list[tuple[str, LedgerGap]] = []

    @property
    def full(self) -> bool:
        """Whether more would be too many: the page ends there."""
        return len(self._gaps) >= MOST_GAPS

    def add(self, symbol: str, gaps: Iterable[LedgerGap]) -> None:
        """Those of the next portion, oldest first. Beyond the most they are left out."""
        for gap in reversed(list(gaps)) if self._newest_first else gaps:
            if self._gaps and (whole := self._joined(self._gaps[-1], symbol, gap)):
                self._gaps[-1] = symbol, whole
            elif not self.full:
                self._gaps.append((symbol, gap))

    def _joined(self, last: tuple[str, LedgerGap], symbol: str, gap: LedgerGap) -> LedgerGap | None:
        name, known = last
        earlier, later = (gap, known) if self._newest_first else (known, gap)
        same = (name, known.state, known.reason) == (symbol, gap.state, gap.reason)
        return (
            msgspec.structs.replace(earlier, end_ns=later.end_ns) if same and earlier.end_ns == later.start_ns else None
        )

    def gaps(self) -> list[LedgerGap]:
        """Those of all symbols."""
        return [gap for _, gap in self._gaps]

    def rows(self) -> list[dict[str, Any]]:
        """As callers read them."""
        return [{"symbol": symbol, **gap_row(gap)} for symbol, gap in self._gaps]
