"""The ledger: every expected bucket is exactly one of traded, empty, missing, healing, unresolvable."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market import TIMEFRAMES, Calendar, Candle, CandleState, Verdict, derive
from engine.market.ledger import (
    BucketState,
    Evidence,
    LedgerGap,
    LedgerPage,
    gaps_of,
    percentage,
    read_ledger,
    sessions_until,
)  # fmt: skip
from engine.market.timeframe import MINUTE_NS

NAME = "NSE:A"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
DAY = date(2026, 11, 19)
"""A Thursday."""


def calendar_of(
    *sessions: str,
    zone: str = "Asia/Kolkata",
    since: date = date(2026, 1, 1),
    through: date = date(2027, 12, 31),
) -> Calendar:
    hours = {weekday: list(sessions) for weekday in WEEKDAYS}
    texts = {"code": "NSE", "name": "x", "timezone": zone, "country": "IN", "currency": "INR"}
    return Calendar.parse({**texts, "valid_from": since, "valid_through": through, "hours": hours})


NSE = calendar_of("09:15-15:30")
OPEN = int(datetime(2026, 11, 19, 9, 15, tzinfo=ZoneInfo("Asia/Kolkata")).timestamp()) * 1_000_000_000
CLOSE = OPEN + 375 * MINUTE_NS
LATER = CLOSE + 600 * MINUTE_NS


def minute(number: int, **changes: object) -> Candle:
    candle = Candle(NAME, "1m", OPEN + number * MINUTE_NS, 10.0, 11.0, 9.0, 10.5, 5, state=CandleState.FINAL)
    return msgspec.structs.replace(candle, **changes)


def minutes(*stretches: range) -> list[Candle]:
    return [minute(number) for stretch in stretches for number in stretch]


def verdict(first: int, count: int, status: Literal["empty", "unresolvable"] = "empty", reason: str = "") -> Verdict:
    return Verdict(NAME, status, OPEN + first * MINUTE_NS, OPEN + (first + count) * MINUTE_NS, reason)


def gap(first: int, count: int, state: str, reason: str = "") -> LedgerGap:
    start_ns = OPEN + first * MINUTE_NS
    return LedgerGap(start_ns, start_ns + count * MINUTE_NS, BucketState(state), reason or state)


def page(evidence: Evidence, timeframe: str = "1m", settled_ns: int = LATER) -> LedgerPage:
    [found] = read_ledger(NSE, timeframe, OPEN, CLOSE, evidence, settled_ns=settled_ns)
    return found


def test_a_session_of_which_all_is_there_is_complete() -> None:
    found = page(Evidence(minutes(range(375))))
    assert (found.date, found.start_ns, found.end_ns) == (DAY, OPEN, CLOSE)
    assert (found.counts, found.gaps, found.percentage) == ({BucketState.TRADED: 375}, (), 100.0)


def test_each_minute_is_one_thing_and_gaps_are_runs_of_the_same_reason() -> None:
    evidence = Evidence(
        minutes(range(100), range(120, 375)),
        [verdict(100, 5), verdict(105, 5, "unresolvable", "no history"), verdict(110, 2, "unresolvable", "too old")],
        [(OPEN + 112 * MINUTE_NS + 30, OPEN + 114 * MINUTE_NS)],
    )
    found = page(evidence)
    assert found.counts == {
        BucketState.TRADED: 355, BucketState.EMPTY: 5, BucketState.UNRESOLVABLE: 7, BucketState.HEALING: 3, BucketState.MISSING: 5
    }  # fmt: skip
    assert found.gaps == (
        gap(105, 5, "unresolvable", "no history"),
        gap(110, 2, "unresolvable", "too old"),
        gap(112, 3, "healing"),
        gap(115, 5, "missing"),
    )
    assert found.percentage == 100 * 360 / 375


@pytest.mark.parametrize("changes", [{"resolve_required": True}, {"low": float("nan")}, {"state": CandleState.FORMING}])
def test_a_candle_that_is_flagged_or_lacks_a_price_is_not_there(changes: dict[str, object]) -> None:
    evidence = Evidence([minute(0, **changes), *minutes(range(1, 375))])
    assert page(evidence).gaps == (gap(0, 1, "missing"),)
    doubtful = msgspec.structs.replace(evidence, healing=[(OPEN, OPEN)])
    assert page(doubtful).gaps == (gap(0, 1, "healing"),)


def test_a_candle_goes_before_a_verdict_and_a_verdict_before_what_is_open() -> None:
    evidence = Evidence([minute(0)], [verdict(0, 2, "unresolvable", "too old")], [(OPEN, CLOSE)])
    assert page(evidence).gaps == (gap(1, 1, "unresolvable", "too old"), gap(2, 373, "healing"))


def test_what_lies_between_two_open_gaps_is_missing_and_not_healing() -> None:
    evidence = Evidence(healing=[(OPEN, OPEN + 2 * MINUTE_NS - 1), (OPEN + 30 * MINUTE_NS, OPEN + 30 * MINUTE_NS)])
    found = page(evidence, settled_ns=OPEN + 40 * MINUTE_NS)
    assert found.gaps == (gap(0, 2, "healing"), gap(2, 28, "missing"), gap(30, 1, "healing"), gap(31, 9, "missing"))


def test_of_a_session_that_was_counted_every_minute_without_a_verdict_traded() -> None:
    [session] = NSE.sessions(DAY, DAY)
    found = page(Evidence(verdicts=[verdict(3, 2), verdict(9, 1, "unresolvable", "too old")], counted=[session]))
    assert found.counts == {BucketState.TRADED: 372, BucketState.EMPTY: 2, BucketState.UNRESOLVABLE: 1}


def test_buckets_that_are_not_over_are_not_expected() -> None:
    assert page(Evidence(), settled_ns=OPEN + 3 * MINUTE_NS + 1).counts == {BucketState.MISSING: 3}
    assert page(Evidence(), "5m", settled_ns=OPEN + 11 * MINUTE_NS).counts == {BucketState.MISSING: 2}
    assert read_ledger(NSE, "1d", OPEN, CLOSE, Evidence(), settled_ns=CLOSE - 1) == []
    assert read_ledger(NSE, "1m", CLOSE, OPEN, Evidence(), settled_ns=LATER) == []


def test_a_longer_bucket_is_what_the_worst_of_its_minutes_is() -> None:
    verdicts = [verdict(0, 7), verdict(11, 1, "unresolvable", "too old")]
    evidence = Evidence(
        minutes(range(7, 11), range(12, 20), range(22, 375)), verdicts, [(OPEN + 20 * MINUTE_NS, OPEN + 20 * MINUTE_NS)]
    )
    found = page(evidence, "5m")
    assert found.gaps == (gap(10, 5, "unresolvable", "too old"), gap(20, 5, "missing"))
    assert found.counts[BucketState.EMPTY] == 1
    assert found.counts[BucketState.TRADED] == 75 - 3
    assert page(evidence, "1d").gaps == (gap(0, 375, "missing"),)


def test_a_bar_of_its_own_counts_where_nothing_is_known_of_its_minutes() -> None:
    bars = derive(minutes(range(375)), "15m", NSE)
    assert page(Evidence(bars=bars), "15m").percentage == 100.0
    assert page(Evidence([minute(3)], bars=bars), "15m").gaps == (gap(0, 15, "missing"),)
    flagged = [msgspec.structs.replace(bar, resolve_required=True) for bar in bars]
    assert page(Evidence(bars=flagged), "15m").percentage == 0.0


def test_a_day_of_two_sessions_has_a_page_each_and_one_bar() -> None:
    calendar = calendar_of("09:15-09:20", "18:00-18:03")
    evidence = Evidence([minute(number) for number in range(5)])
    both = read_ledger(calendar, "1m", OPEN, LATER, evidence, settled_ns=LATER)
    assert [(found.expected, found.percentage) for found in both] == [(5, 100.0), (3, 0.0)]
    [day] = read_ledger(calendar, "1d", OPEN, LATER, evidence, settled_ns=LATER)
    assert (day.start_ns, day.end_ns, day.counts) == (OPEN, both[1].end_ns, {BucketState.MISSING: 1})


def test_where_nothing_is_expected_nothing_is_missing() -> None:
    assert percentage({}) == 100.0


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_of_days_that_the_calendar_does_not_know_nothing_is_expected_and_nothing_missing(timeframe: str) -> None:
    two_days = OPEN, OPEN + 2 * 1440 * MINUTE_NS
    through = calendar_of("09:15-15:30", through=DAY)
    [known] = read_ledger(through, timeframe, *two_days, Evidence(), settled_ns=two_days[1])
    assert known.date == DAY
    since = calendar_of("09:15-15:30", since=DAY + timedelta(days=1))
    [known] = read_ledger(since, timeframe, *two_days, Evidence(), settled_ns=two_days[1])
    assert known.date == DAY + timedelta(days=1)
    assert [session.date for session in sessions_until(through, *two_days, two_days[1])] == [DAY]
    assert [session.date for session in sessions_until(since, *two_days, two_days[1])] == [known.date]


calendars = st.sampled_from(
    [
        calendar_of("09:15-09:45"),
        calendar_of("09:15-09:37", "18:15-18:26"),
        calendar_of("23:30-00:20"),
        Calendar.continuous(),
        calendar_of("09:30-10:05", zone="America/New_York"),
        calendar_of("17:00-16:00", zone="America/Chicago", through=DAY),
        calendar_of("09:15-09:45", since=DAY + timedelta(days=1)),
    ]
)
numbers = st.integers(-60, 700)
known = st.lists(st.tuples(numbers, st.booleans()), max_size=60)
told = st.lists(
    st.builds(verdict, numbers, st.integers(1, 40), st.sampled_from(["empty", "unresolvable"]), st.just("why")),
    max_size=4,
)
spans = st.lists(
    st.tuples(numbers, st.integers(0, 50)).map(lambda span: (OPEN + span[0] * MINUTE_NS, OPEN + sum(span) * MINUTE_NS)),
    max_size=3,
)


@given(
    calendar=calendars,
    timeframe=st.sampled_from(TIMEFRAMES),
    evidence=st.builds(
        Evidence,
        known.map(lambda found: [minute(number, resolve_required=flag) for number, flag in dict(found).items()]),
        told,
        spans,
    ),
    bounds=st.tuples(numbers, st.integers(0, 2000), st.integers(-60, 2000)),
)
@settings(max_examples=150)
def test_the_states_share_the_expected_buckets_out_and_the_gaps_are_what_is_not_settled(
    calendar: Calendar, timeframe: str, evidence: Evidence, bounds: tuple[int, int, int]
) -> None:
    start_ns, end_ns = OPEN + bounds[0] * MINUTE_NS, OPEN + sum(bounds[:2]) * MINUTE_NS
    settled_ns = OPEN + bounds[2] * MINUTE_NS
    expected = [
        bucket
        for bucket in calendar.buckets(timeframe, start_ns, end_ns)
        if start_ns <= bucket.start_ns < end_ns and bucket.end_ns <= settled_ns
        if calendar.covers(calendar.session_date(bucket.start_ns))
    ]
    pages = read_ledger(calendar, timeframe, start_ns, end_ns, evidence, settled_ns=settled_ns)
    assert sum(found.expected for found in pages) == len(expected)

    sound = {candle.time for candle in evidence.minutes if not candle.resolve_required}
    empty = {time for one in evidence.verdicts for time in range(one.start_ns, one.end_ns, MINUTE_NS)}
    hopeless = set[int]()
    for one in evidence.verdicts:
        span = set(range(one.start_ns, one.end_ns, MINUTE_NS))
        hopeless = hopeless | span if one.status == "unresolvable" else hopeless - span
    present = sound | (empty - hopeless)
    lacking = {
        bucket.start_ns
        for bucket in expected
        if any(inside.start_ns not in present for inside in calendar.buckets("1m", bucket.start_ns, bucket.end_ns))
    }
    in_gaps = [
        bucket.start_ns
        for hole in gaps_of(pages)
        for bucket in expected
        if hole.start_ns <= bucket.start_ns < hole.end_ns
    ]
    assert Counter(in_gaps) == Counter(lacking)
