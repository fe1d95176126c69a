"""The daily round: when it begins, and what it needs next, told by the jobs alone."""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from engine.seeding.rounds import Begin, Done, Populated, Wait, due_ns, next_step, populated

SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
AT = time(8, 35)


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND_NS


DUE = ns("2026-11-20T08:35+05:30")
NOW = DUE + 60 * SECOND_NS
ASKED = {"exchanges": ["NSE"], "underlyings": ["NIFTY"]}


def job(what: Any, status: str, begun_ns: int = DUE + SECOND_NS, **selection: Any) -> Populated:
    return Populated(what, status, begun_ns, selection)


def step(*jobs: Populated, now_ns: int = NOW, has_list: bool = True) -> Begin | Wait | Done:
    return next_step(jobs, DUE, now_ns, followed=["BANKNIFTY", "NIFTY"], has_list=has_list)


BEFORE = (job("mappings", "done", DUE - HOUR_NS), job("instruments", "done", DUE - HOUR_NS, **ASKED))


@pytest.mark.parametrize(
    ("provider", "now", "due"),
    [
        ("dhan", "2026-11-20T08:35:00+05:30", "2026-11-20T08:35+05:30"),
        ("kite", "2026-11-20T08:34:59+05:30", "2026-11-19T08:35+05:30"),
        ("yahoo", "2026-03-09T12:35:00+00:00", "2026-03-09T08:35-04:00"),
        ("yahoo", "2026-03-06T13:34:59+00:00", "2026-03-05T08:35-05:00"),
    ],
)
def test_a_round_begins_at_the_hour_of_the_providers_home(provider: str, now: str, due: str) -> None:
    assert due_ns(provider, AT, ns(now), 0.0) == ns(due)


def test_engines_come_at_different_minutes_but_each_always_at_the_same() -> None:
    assert due_ns("dhan", AT, DUE + 149 * SECOND_NS, 0.5) == DUE + 150 * SECOND_NS - 24 * HOUR_NS
    assert due_ns("dhan", AT, DUE + 150 * SECOND_NS, 0.5) == DUE + 150 * SECOND_NS


def test_instruments_first_then_mappings_as_they_were_asked_for_last() -> None:
    assert step(*BEFORE) == Begin("instruments", ASKED)
    assert step(job("instruments", "done", **ASKED), *BEFORE) == Begin("mappings", {})
    assert step(job("mappings", "done"), job("instruments", "done", **ASKED), *BEFORE) == Done()


def test_where_nobody_asked_only_the_contracts_that_are_followed_are_renewed() -> None:
    assert step() == Begin("instruments", {"exchanges": [], "underlyings": ["BANKNIFTY", "NIFTY"]})


@pytest.mark.parametrize("status", ["waiting", "running", "paused"])
def test_while_a_job_is_not_at_its_end_no_other_begins_also_not_beside_an_operators(status: str) -> None:
    assert step(job("mappings", status, DUE - 3 * HOUR_NS), *BEFORE) == Wait()


def test_what_failed_is_tried_again_after_a_while_that_grows() -> None:
    failed = [job("instruments", "failed", NOW - SECOND_NS)]
    assert step(*failed, *BEFORE) == Wait(1)
    assert step(*failed, *BEFORE, now_ns=NOW + 119 * SECOND_NS) == Begin("instruments", ASKED)
    many = [job("instruments", "failed", NOW - number * SECOND_NS) for number in range(9)]
    assert step(*many, *BEFORE, now_ns=NOW + HOUR_NS - SECOND_NS) == Wait(9)
    assert step(*many, *BEFORE, now_ns=NOW + HOUR_NS) == Begin("instruments", ASKED)


def test_a_failure_of_yesterday_counts_no_more_and_what_an_operator_cancels_stays_so_for_today() -> None:
    assert step(job("instruments", "failed", DUE - SECOND_NS), *BEFORE) == Begin("instruments", ASKED)
    assert step(job("instruments", "cancelled"), *BEFORE, now_ns=NOW + 9 * HOUR_NS) == Wait(0)


def test_a_provider_without_a_list_is_mapped_anew_where_it_was_mapped_before() -> None:
    assert step(has_list=False) == Done()
    assert step(job("mappings", "done", DUE - HOUR_NS, exchanges=["NYSE"]), has_list=False) == Begin(
        "mappings", {"exchanges": ["NYSE"]}
    )


def test_a_jobs_id_says_when_it_began_and_its_arguments_what_it_was_asked_for() -> None:
    arguments = {"what": "instruments", "exchanges": ["NSE"], "underlyings": None, "file": "x.csv", "day": "2026-11-20"}
    begun_ns = int(datetime(2026, 11, 20, 3, 5, tzinfo=UTC).timestamp()) * SECOND_NS
    found = populated(f"populate-{begun_ns // 1_000_000}", "done", arguments)
    assert found == Populated("instruments", "done", begun_ns, {"exchanges": ["NSE"]})
