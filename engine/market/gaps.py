"""Gaps: the stretches of time in which an instrument may have traded unseen, and when to try healing each."""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import msgspec

from engine.market.spans import Span, at_most, joined

RUN_NS = 30 * 86_400_000_000_000
"""Earlier days are healed in runs of 30 days: what providers give of minutes in one call, and about a second's work."""
MOST_SPANS = 100
"""Of more doubts in one gap the nearest to each other become one: a feed that flickers must not fill Redis."""
_TODAY = -1


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
    parts: tuple[Span, ...] = ()
    """Where not all of it is in doubt, what is."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """What is in doubt, in order."""
        return self.parts or ((self.start_ns, self.end_ns),)

    def over(self, spans: Iterable[Span]) -> "Gap":
        """The same over other stretches of time, of which there is at least one."""
        found = at_most(MOST_SPANS, spans)
        return msgspec.structs.replace(
            self, start_ns=found[0][0], end_ns=found[-1][1], parts=found if found[1:] else ()
        )

    def merged(self, other: "Gap") -> "Gap":
        """Both as one: the union, as new as the newer."""
        return Gap(
            self.instrument,
            self.start_ns,
            self.end_ns,
            min(self.due_ns, other.due_ns),
            min(self.attempts, other.attempts),
            self.patient and other.patient,
        ).over((*self.spans, *other.spans))


class GapBook:
    """The open gaps: of each instrument at most one of today and one of each run of earlier days.

    One call to a provider's history heals a gap, and what waits may be healed or not between two of them. While one gap
    of an instrument is being healed its others wait: two heals at once would number their revisions alike.
    """

    def __init__(self) -> None:
        self._gaps: defaultdict[str, dict[int, Gap]] = defaultdict(dict)
        """Those that wait, by instrument and run."""
        self._taken: dict[str, Gap] = {}
        self._count = 0
        """Of both: whoever adds thousands asks each time how many there are."""
        self._orders: tuple[list[tuple[int, int, str]], ...] = ([], [])
        """For today and for earlier days, a heap of dues, newest runs first; those no longer true are passed over."""
        self._spans: dict[str, tuple[Span, ...]] = {}
        self._changed: set[str] = set()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Gap]:
        for gaps in self._gaps.values():
            yield from gaps.values()
        yield from self._taken.values()

    @property
    def taken(self) -> int:
        """How many are being healed."""
        return len(self._taken)

    def spans(self) -> dict[str, tuple[Span, ...]]:
        """What is in doubt of each instrument, what is being healed included: disjoint and in order; ns UTC."""
        for instrument in self._changed:
            spans = joined(span for gap in self._of(instrument) for span in gap.spans)
            if spans:
                self._spans[instrument] = spans
            else:
                self._spans.pop(instrument, None)
        self._changed.clear()
        return dict(self._spans)

    def covers(self, instrument: str, start_ns: int, end_ns: int) -> bool:
        """Whether all of that is in doubt already."""
        gaps = self._of(instrument)
        pieces = [gap for _, gap in _runs(Gap(instrument, start_ns, end_ns, due_ns=0, patient=True))]
        return all(
            any(start <= piece.start_ns and piece.end_ns <= end for gap in gaps for start, end in gap.spans)
            for piece in pieces
        )

    def add(self, gap: Gap) -> None:
        """It joins what waits of today, or of the same runs of earlier days."""
        for run, piece in _runs(gap):
            known = self._gaps[gap.instrument].get(run)
            merged = piece if known is None else known.merged(piece)
            self._gaps[gap.instrument][run] = merged
            self._count += known is None
            if known is None or merged.due_ns != known.due_ns:
                self._line_up(run, merged)
        self._changed.add(gap.instrument)

    def take_due(self, now_ns: int) -> Gap | None:
        """The gap that has waited longest of those due, those of today first; None when there is none.

        It counts as being healed until ``close`` is called with it.
        """
        for order in self._orders:
            due_ns = self._next_due_ns(order)
            if due_ns is not None and due_ns <= now_ns:
                _, run, instrument = heapq.heappop(order)
                gap = self._taken[instrument] = self._gaps[instrument].pop(-run)
                return gap
        return None

    def close(self, gap: Gap) -> None:
        """Its heal has ended, well or not: what else waits of the instrument may be taken."""
        del self._taken[gap.instrument]
        self._count -= 1
        self._changed.add(gap.instrument)
        for run, waiting in self._gaps[gap.instrument].items():
            self._line_up(run, waiting)
        if not self._gaps[gap.instrument]:
            del self._gaps[gap.instrument]

    def next_due_ns(self) -> int | None:
        """When the next gap may be tried; None while none waits."""
        dues = [due for order in self._orders if (due := self._next_due_ns(order)) is not None]
        return min(dues, default=None)

    def _of(self, instrument: str) -> list[Gap]:
        taken = self._taken.get(instrument)
        return [*self._gaps.get(instrument, {}).values(), *(() if taken is None else (taken,))]

    def _line_up(self, run: int, gap: Gap) -> None:
        if gap.instrument not in self._taken:
            heapq.heappush(self._orders[gap.patient], (gap.due_ns, -run, gap.instrument))

    def _next_due_ns(self, order: list[tuple[int, int, str]]) -> int | None:
        while order:
            due_ns, run, instrument = order[0]
            gap = self._gaps.get(instrument, {}).get(-run)
            if gap is not None and gap.due_ns == due_ns and instrument not in self._taken:
                return due_ns
            heapq.heappop(order)
        return None


def _runs(gap: Gap) -> Iterator[tuple[int, Gap]]:
    """The gap's part in each run, with the run's number; a gap of today is in none of them."""
    if not gap.patient:
        yield _TODAY, gap
        return
    pieces: defaultdict[int, list[Span]] = defaultdict(list)
    for start_ns, end_ns in gap.spans:
        for run in range(start_ns // RUN_NS, end_ns // RUN_NS + 1):
            pieces[run].append((max(start_ns, run * RUN_NS), min(end_ns, (run + 1) * RUN_NS - 1)))
    for run, spans in pieces.items():
        yield run, gap.over(spans)


def retry_delay_s(attempts: int, *, jitter: Callable[[], float]) -> float:
    """How long to leave a gap alone after ``attempts`` failures: 2 s doubling to 5 min, plus up to a fifth."""
    return min(300.0, 2.0 * 2 ** min(attempts, 10)) * (1 + 0.2 * jitter())
