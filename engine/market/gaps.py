"""Gaps: the stretches of time in which an instrument may have traded unseen, and when to try healing each."""

import heapq
from collections.abc import Callable, Iterator

import msgspec


class Gap(msgspec.Struct, frozen=True, gc=False):
    """What ``instrument`` traded in ``[start_ns, end_ns]`` (ns UTC) may be missing."""

    instrument: str
    start_ns: int
    end_ns: int
    due_ns: int
    """Not to be tried before this time."""
    attempts: int = 0

    def merged(self, other: "Gap") -> "Gap":
        """Both as one: the union, as new as the newer."""
        return Gap(
            self.instrument,
            min(self.start_ns, other.start_ns),
            max(self.end_ns, other.end_ns),
            min(self.due_ns, other.due_ns),
            min(self.attempts, other.attempts),
        )


class GapBook:
    """The open gaps, at most one an instrument: gaps of one instrument merge, because one history call heals all."""

    def __init__(self) -> None:
        self._gaps: dict[str, Gap] = {}
        self._order: list[tuple[int, str]] = []  # a heap of dues; those no longer true are passed over

    def __len__(self) -> int:
        return len(self._gaps)

    def __iter__(self) -> Iterator[Gap]:
        return iter(self._gaps.values())

    def add(self, gap: Gap) -> None:
        known = self._gaps.get(gap.instrument)
        gap = gap if known is None else known.merged(gap)
        self._gaps[gap.instrument] = gap
        if known is None or gap.due_ns != known.due_ns:
            heapq.heappush(self._order, (gap.due_ns, gap.instrument))

    def take_due(self, now_ns: int) -> Gap | None:
        """The gap that has waited longest of those due, removed; None when there is none."""
        due_ns = self.next_due_ns()
        if due_ns is None or due_ns > now_ns:
            return None
        return self._gaps.pop(heapq.heappop(self._order)[1])

    def next_due_ns(self) -> int | None:
        while self._order:
            due_ns, instrument = self._order[0]
            gap = self._gaps.get(instrument)
            if gap is not None and gap.due_ns == due_ns:
                return due_ns
            heapq.heappop(self._order)
        return None

    def earliest_start_ns(self) -> int | None:
        """Before this time nothing is in doubt; None when nothing is in doubt at all."""
        return min((gap.start_ns for gap in self._gaps.values()), default=None)


def retry_delay_s(attempts: int, *, jitter: Callable[[], float]) -> float:
    """How long to leave a gap alone after ``attempts`` failures: 2 s doubling to 5 min, plus up to a fifth."""
    return min(300.0, 2.0 * 2 ** min(attempts, 10)) * (1 + 0.2 * jitter())
