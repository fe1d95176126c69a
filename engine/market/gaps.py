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
    patient: bool = False
    """Of earlier days: it lets all gaps of today go first, because those are on everybody's charts."""

    def merged(self, other: "Gap") -> "Gap":
        """Both as one: the union, as new as the newer."""
        return Gap(
            self.instrument,
            min(self.start_ns, other.start_ns),
            max(self.end_ns, other.end_ns),
            min(self.due_ns, other.due_ns),
            min(self.attempts, other.attempts),
            self.patient and other.patient,
        )


class GapBook:
    """The open gaps: of each instrument at most one of today and one of earlier days, for one history call heals all.

    While one gap of an instrument is being healed its others wait: two heals at once would number their revisions alike.
    """

    def __init__(self) -> None:
        self._gaps: dict[tuple[str, bool], Gap] = {}
        self._taken: dict[str, Gap] = {}
        self._orders: tuple[list[tuple[int, str]], ...] = ([], [])
        """For today and for earlier days, a heap of dues; those no longer true are passed over."""

    def __len__(self) -> int:
        return len(self._gaps) + len(self._taken)

    def __iter__(self) -> Iterator[Gap]:
        yield from self._gaps.values()
        yield from self._taken.values()

    @property
    def taken(self) -> int:
        """How many are being healed."""
        return len(self._taken)

    def spans(self) -> dict[str, tuple[int, int]]:
        """From when to when each instrument is in doubt, what is being healed included; ns UTC."""
        spans: dict[str, tuple[int, int]] = {}
        for gap in self:
            start_ns, end_ns = spans.get(gap.instrument, (gap.start_ns, gap.end_ns))
            spans[gap.instrument] = min(start_ns, gap.start_ns), max(end_ns, gap.end_ns)
        return spans

    def covers(self, instrument: str, start_ns: int, end_ns: int) -> bool:
        """Whether all of that is in doubt already."""
        gaps = (self._gaps.get((instrument, False)), self._gaps.get((instrument, True)), self._taken.get(instrument))
        return any(gap is not None and gap.start_ns <= start_ns and end_ns <= gap.end_ns for gap in gaps)

    def add(self, gap: Gap) -> None:
        key = gap.instrument, gap.patient
        known = self._gaps.get(key)
        gap = gap if known is None else known.merged(gap)
        self._gaps[key] = gap
        if known is None or gap.due_ns != known.due_ns:
            self._line_up(gap)

    def take_due(self, now_ns: int) -> Gap | None:
        """The gap that has waited longest of those due, those of today first; None when there is none.

        It counts as being healed until ``close`` is called with it.
        """
        for patient, order in enumerate(self._orders):
            due_ns = self._next_due_ns(patient=bool(patient))
            if due_ns is not None and due_ns <= now_ns:
                gap = self._gaps.pop((heapq.heappop(order)[1], bool(patient)))
                self._taken[gap.instrument] = gap
                return gap
        return None

    def close(self, gap: Gap) -> None:
        """Its heal has ended, well or not: what else waits of the instrument may be taken."""
        del self._taken[gap.instrument]
        for patient in (False, True):
            waiting = self._gaps.get((gap.instrument, patient))
            if waiting is not None:
                self._line_up(waiting)

    def next_due_ns(self) -> int | None:
        """When the next gap may be tried; None while none waits."""
        dues = [due for patient in (False, True) if (due := self._next_due_ns(patient=patient)) is not None]
        return min(dues, default=None)

    def _line_up(self, gap: Gap) -> None:
        if gap.instrument not in self._taken:
            heapq.heappush(self._orders[gap.patient], (gap.due_ns, gap.instrument))

    def _next_due_ns(self, *, patient: bool) -> int | None:
        order = self._orders[patient]
        while order:
            due_ns, instrument = order[0]
            gap = self._gaps.get((instrument, patient))
            if gap is not None and gap.due_ns == due_ns and instrument not in self._taken:
                return due_ns
            heapq.heappop(order)
        return None


def retry_delay_s(attempts: int, *, jitter: Callable[[], float]) -> float:
    """How long to leave a gap alone after ``attempts`` failures: 2 s doubling to 5 min, plus up to a fifth."""
    return min(300.0, 2.0 * 2 ** min(attempts, 10)) * (1 + 0.2 * jitter())
