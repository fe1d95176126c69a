"""The ledger: what became of every bucket that should be there by now, of one instrument and timeframe."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from itertools import groupby

import msgspec

from engine.market.calendar import Bucket, Calendar, Session
from engine.market.candle import Candle, CandleState
from engine.market.spans import Span, joined
from engine.market.timeframe import MINUTE_NS
from engine.market.verdict import Verdict


class BucketState(StrEnum):
    """What became of an expected bucket."""

    TRADED = "traded"
    EMPTY = "empty"
    MISSING = "missing"
    HEALING = "healing"
    UNRESOLVABLE = "unresolvable"
    ARCHIVED = "archived"


_WORST_FIRST = (
    BucketState.MISSING,
    BucketState.HEALING,
    BucketState.UNRESOLVABLE,
    BucketState.ARCHIVED,
    BucketState.TRADED,
    BucketState.EMPTY,
)
"""A longer bucket is what the worst of its minutes is."""
_UNSETTLED = frozenset(_WORST_FIRST[:3])
_GAPS = _UNSETTLED | {BucketState.ARCHIVED}
_REASONS = {BucketState.MISSING: "missing", BucketState.HEALING: "healing"}
"""Where there is no reason of its own."""

Outcome = tuple[BucketState, str]
"""A bucket's state and the reason for it."""
_TRADED: Outcome = (BucketState.TRADED, "")
_ARCHIVED: Outcome = (BucketState.ARCHIVED, "no longer held: ticktree restore brings back what was archived")


class Evidence(msgspec.Struct, frozen=True):
    """What is known of one instrument's time. A candle that is flagged, or lacks a price, is no evidence of anything."""

    minutes: Sequence[Candle] = ()
    verdicts: Sequence[Verdict] = ()
    healing: Sequence[Span] = ()
    """What the healer has open."""
    counted: Sequence[Session] = ()
    """Sessions of which as many minutes were counted as there are: those without a verdict traded."""
    bars: Sequence[Candle] = ()
    """Of the timeframe in question, where it is longer: a provider may have given them without their minutes."""
    archived_ns: int = 0
    """Minutes and longer bars before were archived, and are held no more unless they were restored; days' own bars stay."""


class LedgerGap(msgspec.Struct, frozen=True):
    """Consecutive buckets of a session that lack a candle for the same reason; ``[start_ns, end_ns)``."""

    start_ns: int
    end_ns: int
    state: BucketState
    reason: str


class LedgerPage(msgspec.Struct, frozen=True):
    """One session's buckets, or one trading day's single one, as far as they are expected."""

    date: date
    start_ns: int
    end_ns: int
    counts: Mapping[BucketState, int]
    """By state; together they are the expected buckets."""
    gaps: tuple[LedgerGap, ...]

    @property
    def expected(self) -> int:
        return sum(self.counts.values())

    @property
    def settled(self) -> int:
        return settled(self.counts)

    @property
    def percentage(self) -> float:
        return percentage(self.counts)


def settled(counts: Mapping[BucketState, int]) -> int:
    """How many buckets traded, were confirmed empty, or stand in the archive."""
    return sum(counts.get(state, 0) for state in BucketState if state not in _UNSETTLED)


def percentage(counts: Mapping[BucketState, int]) -> float:
    """How much of what is expected has been settled: traded, confirmed empty or archived. 100 where nothing is expected."""
    expected = sum(counts.values())
    return 100.0 * settled(counts) / expected if expected else 100.0


def read_ledger(
    calendar: Calendar, timeframe: str, start_ns: int, end_ns: int, evidence: Evidence, *, settled_ns: int
) -> list[LedgerPage]:
    """The pages of all sessions with buckets that open in [start, end) and have ended by ``settled_ns``, in order.

    One-minute candles are the truth: a longer bucket's state comes from its minutes, and a bar of its own counts only
    where nothing is known of any of them. Of dates that the calendar does not cover nothing is expected.
    """
    outcomes = _outcomes(evidence)
    bars = {candle.time for candle in evidence.bars if is_sound(candle)}
    healing = joined(evidence.healing)
    expected = (
        bucket
        for bucket in calendar.buckets(timeframe, start_ns, end_ns)
        if start_ns <= bucket.start_ns and bucket.end_ns <= settled_ns
    )
    pages: list[LedgerPage] = []
    for session, buckets in groupby(expected, key=lambda bucket: calendar.session_at(bucket.start_ns)):
        assert session is not None
        if not calendar.covers(session.date):
            continue
        told: list[tuple[Bucket, Outcome]] = []
        kept_ns = 0 if timeframe == "1d" else evidence.archived_ns
        for bucket in buckets:
            minutes = _minutes(calendar, session, timeframe, bucket)
            is_bare = bucket.start_ns < evidence.archived_ns or not any(minute in outcomes for minute in minutes)
            whole = bucket.start_ns in bars and is_bare
            found = [
                outcomes.get(minute) or (_ARCHIVED if minute < kept_ns else _open(minute, healing))
                for minute in minutes
            ]
            told.append((bucket, _TRADED if whole else min(found, key=_badness)))
        pages.append(_page(session, told))
    return pages


def sessions_until(
    calendar: Calendar, start_ns: int, end_ns: int, until_ns: int, *, known: bool = True
) -> list[Session]:
    """The sessions that [start, end) touches, as far as their whole minutes are over by then.

    Only those of dates that the calendar covers are expected: on a holiday that nobody has listed yet the weekly hours
    would have a whole day missing. With ``known`` false the others are told too.
    """
    until_ns -= until_ns % MINUTE_NS
    touched = calendar.sessions_between(start_ns, min(end_ns, until_ns))
    wanted = (session for session in touched if not known or calendar.covers(session.date))
    return [msgspec.structs.replace(session, end_ns=min(session.end_ns, until_ns)) for session in wanted]


def is_sound(candle: Candle) -> bool:
    """Whether a candle settles its bucket: closed, not flagged, and with all its prices."""
    prices = (candle.open, candle.high, candle.low, candle.close)
    flagged = candle.resolve_required or candle.state is CandleState.FORMING
    return not flagged and not any(math.isnan(price) for price in prices)


def gaps_of(pages: Iterable[LedgerPage]) -> list[LedgerGap]:
    """The gaps of all pages, in order."""
    return [gap for page in pages for gap in page.gaps]


def _page(session: Session, told: Sequence[tuple[Bucket, Outcome]]) -> LedgerPage:
    counts = Counter(state for _, (state, _) in told)
    end_ns = max(session.end_ns, told[-1][0].end_ns)  # a day's bucket goes on to its last session
    return LedgerPage(session.date, session.start_ns, end_ns, counts, tuple(_gaps(told)))


def _outcomes(evidence: Evidence) -> dict[int, Outcome]:
    """What is settled, by minute: candles go before verdicts."""
    outcomes: dict[int, Outcome] = {}
    for session in evidence.counted:
        outcomes.update(dict.fromkeys(range(session.start_ns, session.end_ns, MINUTE_NS), _TRADED))
    for verdict in evidence.verdicts:
        outcome = BucketState(verdict.status), verdict.reason
        outcomes.update(dict.fromkeys(range(verdict.start_ns, verdict.end_ns, MINUTE_NS), outcome))
    for candle in evidence.minutes:
        if is_sound(candle):
            outcomes[candle.time] = _TRADED
    return outcomes


def _minutes(calendar: Calendar, session: Session, timeframe: str, bucket: Bucket) -> list[int]:
    day = calendar.day(session.date) if timeframe == "1d" else None
    parts = (bucket,) if day is None else day.sessions
    return [minute for part in parts for minute in range(part.start_ns, part.end_ns, MINUTE_NS)]


def _open(minute: int, healing: Sequence[Span]) -> Outcome:
    begun = bisect_left(healing, minute + MINUTE_NS, key=_begin)
    state = BucketState.HEALING if begun and minute <= healing[begun - 1][1] else BucketState.MISSING
    return state, _REASONS[state]


def _begin(span: Span) -> int:
    return span[0]


def _badness(outcome: Outcome) -> tuple[int, str]:
    return _WORST_FIRST.index(outcome[0]), outcome[1]


def _gaps(expected: Sequence[tuple[Bucket, Outcome]]) -> Iterator[LedgerGap]:
    """Runs of buckets without a candle that say the same."""
    run: LedgerGap | None = None
    for bucket, (state, reason) in expected:
        if run is not None and (run.end_ns, run.state, run.reason) == (bucket.start_ns, state, reason):
            run = msgspec.structs.replace(run, end_ns=bucket.end_ns)
            continue
        if run is not None:
            yield run
        run = LedgerGap(bucket.start_ns, bucket.end_ns, state, reason) if state in _GAPS else None
    if run is not None:
        yield run
