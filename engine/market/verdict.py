"""The verdict: what was decided about minutes that have no sound candle."""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

VerdictStatus = Literal["empty", "unresolvable"]


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """The minutes of ``instrument`` that open in ``[start_ns, end_ns)``: nobody traded, or nobody can say any more."""

    instrument: str
    status: VerdictStatus
    start_ns: int
    end_ns: int
    reason: str = ""


def in_runs(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Verdicts of one instrument, in order of time, with those joined that follow on each other and say the same."""
    last: Verdict | None = None
    for verdict in verdicts:
        if last is None:
            last = verdict
        elif (last.end_ns, last.status, last.reason) == (verdict.start_ns, verdict.status, verdict.reason):
            last = msgspec.structs.replace(last, end_ns=verdict.end_ns)
        else:
            yield last
            last = verdict
    if last is not None:
        yield last
