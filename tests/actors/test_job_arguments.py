"""What jobs may be asked for: the same at every door, and told in a sentence."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.job_arguments import EARLIEST, LONGEST, MOST_INSTRUMENTS, JobError, Stretch, instruments_of, stretch_of
from actors.job_kinds import JobKinds
from actors.routes import Routes
from engine.providers.base import Route
from tests.actors.parts import NOON

TOMORROW = datetime(2026, 11, 20, tzinfo=UTC)
DAY = {"start": "2026-11-18T00:00:00Z", "end": "2026-11-19T00:00:00Z"}
NAMES = ["NSE:A", "NSE:B"]


def kinds(names: list[str] = NAMES) -> JobKinds:
    routes, nobody = Routes(["test"]), cast("Any", None)
    routes.cover("test", [Route(name, "NSE_EQ", name, 0.05, "equity") for name in names])
    return JobKinds(nobody, nobody, routes, nobody, {}, resolver=nobody, charts=nobody)


@pytest.mark.parametrize("kind", ["backfill", "scan"])
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"start": None}, "start is a time with its offset"),
        ({"start": "2026-11-18T00:00:00"}, "start is a time with its offset"),
        ({"start": datetime(2026, 11, 18)}, "start is a time with its offset"),  # noqa: DTZ001 - that is what is refused
        ({"start": 5, "end": 6}, "start is a time with its offset"),
        ({"end": "2026-11-21T00:00:01Z"}, "end lies after 2026-11-21T00:00Z"),
        ({"end": "9999-12-31T23:59:59-12:00"}, "end lies after"),
        ({"start": "1999-12-31T23:59:59Z"}, "start lies before 2000-01-01"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "start lies before 2000-01-01"),
        ({"start": "2020-11-01T00:00:00Z"}, "more than 2196 days"),
        ({"end": "2026-11-17T00:00:00Z"}, "start lies not before end"),
        ({"instruments": "NSE:A"}, "a list of names"),
        ({"instruments": 7}, "a list of names"),
        ({"instruments": {}}, "a list of names"),
        ({"instruments": ["NSE:A", 7]}, "a list of names"),
        ({"instruments": ["NSE:X"]}, "no provider knows NSE:X$"),
        ({"instruments": [f"NSE:{number}" for number in range(9)]}, "NSE:3, NSE:4 and 4 others"),
        ({"instruments": [str(number) for number in range(MOST_INSTRUMENTS + 1)]}, "at most 50,000 instruments"),
    ],
)
def test_what_no_job_can_do_is_refused(kind: str, arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(JobError, match=why):
        kinds().complete(kind, {"instruments": NAMES, **DAY, **arguments}, NOON)


def test_who_names_nobody_means_all_and_each_counts_once() -> None:
    for nobody in cast("tuple[object, ...]", (None, [], ())):
        assert kinds().complete("backfill", {"instruments": nobody, **DAY}, NOON) == {"instruments": NAMES, **DAY}
    assert kinds().complete("scan", {"instruments": ("NSE:B", "NSE:B"), **DAY}, NOON)["instruments"] == ["NSE:B"]


def test_a_job_of_too_many_steps_is_refused_before_any_is_counted_out() -> None:
    many = kinds([f"NSE:{number}" for number in range(10_000)])
    year = {"start": "2025-11-19T00:00:00Z", "end": "2026-11-19T00:00:00Z"}
    assert len(many.work("backfill", many.complete("backfill", year, NOON))) == 130_000
    with pytest.raises(JobError, match="730,000 steps, a job has at most 500,000"):
        many.complete("backfill", year | {"start": "2020-11-20T00:00:00Z"}, NOON)
    assert len(many.work("history", many.complete("history", {}, NOON))) == 70_000


def test_a_job_of_the_table_that_can_not_be_done_says_so() -> None:
    with pytest.raises(JobError, match="timezone"):
        kinds().work("backfill", {"instruments": NAMES, **DAY, "end": "2026-11-19T00:00:00"})
    with pytest.raises(JobError, match="steps"):
        kinds().work("backfill", {"instruments": NAMES * 5_000, "start": "1900-01-01T00:00:00Z", "end": DAY["end"]})
    with pytest.raises(JobError, match="no job is called 'dance'"):
        kinds().work("dance", {})


moments = st.datetimes(EARLIEST.replace(tzinfo=None), TOMORROW.replace(tzinfo=None), timezones=st.just(UTC))


@given(
    moments, st.timedeltas(timedelta(microseconds=1), LONGEST), st.timedeltas(timedelta(hours=1), timedelta(days=90))
)
def test_the_parts_of_a_stretch_are_the_stretch(start: datetime, length: timedelta, part: timedelta) -> None:
    whole = Stretch(start, start + length)
    parts = [whole.part(number, part) for number in range(whole.parts(part))]
    ends = [whole.start_ns, *(one.end_ns for one in parts)]
    assert [one.start_ns for one in parts] == ends[:-1]
    assert (ends[-1], all(one.start < one.end for one in parts)) == (whole.end_ns, True)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(anything, anything, anything)
def test_whatever_is_asked_is_done_or_refused_in_words(start: object, end: object, names: object) -> None:
    with suppress(JobError):
        stretch_of({"start": start, "end": end}, NOON)
    with suppress(JobError):
        assert all(isinstance(name, str) for name in instruments_of(names))


@given(moments, st.timedeltas(timedelta(microseconds=1), LONGEST))
def test_what_a_market_can_have_had_is_taken_and_kept_as_it_was_asked(start: datetime, length: timedelta) -> None:
    wanted = Stretch(start, min(start + length, TOMORROW))
    if wanted.start < wanted.end:
        assert stretch_of(msgspec.to_builtins(wanted), NOON) == wanted
