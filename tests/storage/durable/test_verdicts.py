"""A minute has at most one verdict, the newest; a minute that traded has none."""

from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.market.verdict import Verdict
from engine.storage.durable import DurableStore
from tests.storage.conftest import ON_POSTGRESQL
from tests.storage.durable.seeds import emptied, seeded
from tests.storage.samples import MINUTE_NS, bar, revised

pytestmark = pytest.mark.anyio

NAME = "NSE:TCS"
DAY_NS = 1440 * MINUTE_NS
MIDNIGHT = int(datetime(2026, 11, 21, tzinfo=ZoneInfo("Asia/Kolkata")).timestamp()) * 1_000_000_000
"""At the exchange."""


@pytest.fixture
async def store(durable: DurableStore) -> DurableStore:
    await seeded(durable)
    return durable


def verdict(
    first: int, count: int, status: Literal["empty", "unresolvable"] = "empty", reason: str = "", name: str = NAME
) -> Verdict:
    """On ``count`` minutes, the first of them so many after midnight."""
    start_ns = MIDNIGHT + first * MINUTE_NS
    return Verdict(name, status, start_ns, start_ns + count * MINUTE_NS, reason)


async def noted(store: DurableStore, name: str = NAME) -> list[Verdict]:
    return (await store.verdicts([name], MIDNIGHT - DAY_NS, MIDNIGHT + DAY_NS)).get(name, [])


async def test_verdicts_that_touch_become_one(store: DurableStore) -> None:
    await store.note_verdicts([verdict(10, 5), verdict(15, 1), verdict(30, 1)])
    await store.note_verdicts([verdict(12, 8)])
    assert await noted(store) == [verdict(10, 10), verdict(30, 1)]


async def test_noting_again_changes_nothing(store: DurableStore) -> None:
    told = [verdict(10, 5), verdict(20, 5, "unresolvable", "older than dhan keeps: 90 days")]
    for _ in range(2):
        await store.note_verdicts(told)
    assert await noted(store) == told


async def test_the_newest_verdict_of_a_minute_counts(store: DurableStore) -> None:
    await store.note_verdicts([verdict(10, 10, "unresolvable", "no history")])
    await store.note_verdicts([verdict(12, 3), verdict(14, 2, "unresolvable", "asked in vain")])
    assert await noted(store) == [
        verdict(10, 2, "unresolvable", "no history"),
        verdict(12, 2),
        verdict(14, 2, "unresolvable", "asked in vain"),
        verdict(16, 4, "unresolvable", "no history"),
    ]


@ON_POSTGRESQL
async def test_a_verdict_over_midnight_is_kept_by_the_dates_of_the_exchange(store: DurableStore) -> None:
    await store.note_verdicts([verdict(-5, 10)])
    assert await noted(store) == [verdict(-5, 10)]
    rows = await store._link.rows(  # pyright: ignore[reportPrivateUsage]
        "SELECT date, minutes FROM completeness ORDER BY date"
    )
    assert [tuple(row) for row in rows] == [(date(2026, 11, 20), 5), (date(2026, 11, 21), 5)]


async def test_a_verdict_is_cut_to_what_is_asked_for(store: DurableStore) -> None:
    await store.note_verdicts([verdict(10, 10), verdict(10, 10, name="NSE:INFY")])
    found = await store.verdicts([NAME, "NSE:INFY", "NSE:NOPE"], verdict(15, 1).start_ns, verdict(17, 1).end_ns)
    assert found == {name: [verdict(15, 3, name=name)] for name in (NAME, "NSE:INFY")}
    assert await store.verdicts([NAME], verdict(17, 1).end_ns, verdict(15, 1).start_ns) == {}


async def test_what_is_taken_back_is_gone_and_the_rest_stays(store: DurableStore) -> None:
    await store.note_verdicts([verdict(10, 10), verdict(40, 2), verdict(10, 10, name="NSE:INFY")])
    await store.clear_verdicts(NAME, verdict(12, 3).start_ns, verdict(12, 3).end_ns)
    await store.clear_verdicts(NAME, verdict(40, 2).start_ns, verdict(40, 2).end_ns)
    assert await noted(store) == [verdict(10, 2), verdict(15, 5)]
    assert await noted(store, "NSE:INFY") == [verdict(10, 10, name="NSE:INFY")]


async def test_verdicts_on_unknown_instruments_are_left_out(store: DurableStore) -> None:
    await store.note_verdicts([verdict(1, 1, name="NSE:NOPE"), verdict(2, 1)])
    await store.clear_verdicts("NSE:NOPE", MIDNIGHT, MIDNIGHT + DAY_NS)
    await store.note_verdicts([])
    assert await noted(store, "NSE:NOPE") == []
    assert await noted(store) == [verdict(2, 1)]


@pytest.mark.parametrize("first", ["candle", "verdict"])
@pytest.mark.parametrize("status", ["empty", "unresolvable"])
async def test_a_minute_that_traded_after_all_has_no_verdict(
    store: DurableStore, first: str, status: Literal["empty", "unresolvable"]
) -> None:
    candle = bar(NAME, time=verdict(12, 1).start_ns)
    if first == "candle":
        await store.save([candle])
    await store.note_verdicts([verdict(10, 5, status), verdict(12, 1, status, name="NSE:INFY")])
    if first == "verdict":
        await store.save([bar(NAME, timeframe="5m", time=verdict(10, 1).start_ns)])
        assert await noted(store) == [verdict(10, 5, status)]
        await store.save([candle])
    assert await noted(store) == [verdict(10, 2, status), verdict(13, 2, status)]
    assert await noted(store, "NSE:INFY") == [verdict(12, 1, status, name="NSE:INFY")]


@pytest.mark.parametrize("first", ["candle", "verdict"])
async def test_a_flagged_minute_was_traded_in_and_may_be_beyond_repair(store: DurableStore, first: str) -> None:
    flagged = [bar(NAME, time=verdict(minute, 1).start_ns, resolve_required=True) for minute in (12, 32)]
    told = [verdict(12, 1), verdict(32, 1, "unresolvable", "nobody knows")]
    steps = [store.save(flagged), store.note_verdicts(told)]
    for step in steps if first == "candle" else steps[::-1]:
        await step
    assert await noted(store) == [verdict(32, 1, "unresolvable", "nobody knows")]

    await store.save([revised(candle, resolve_required=False) for candle in flagged])
    assert await noted(store) == []


async def test_what_changes_no_row_takes_no_verdict_back(store: DurableStore) -> None:
    """After a start all events are saved again, and none of them says whether its candle was flagged."""
    told = bar(NAME, time=verdict(12, 1).start_ns)
    flagged = [revised(told, 1, resolve_required=True), bar(NAME, time=verdict(13, 1).start_ns, resolve_required=True)]
    await store.save(flagged)
    await store.note_verdicts([verdict(12, 2, "unresolvable", "nobody knows")])
    await store.save([told, bar(NAME, time=verdict(13, 1).start_ns)])
    assert await noted(store) == [verdict(12, 2, "unresolvable", "nobody knows")]


class Step(msgspec.Struct, frozen=True):
    """One thing that is done to the table: verdicts noted, taken back, or minutes saved."""

    note: tuple[Verdict, ...] = ()
    clear: Verdict | None = None
    save: frozenset[int] = frozenset()


minutes = st.integers(-8, 7)
runs = st.builds(
    verdict, minutes, st.integers(1, 6), st.sampled_from(["empty", "unresolvable"]), st.sampled_from(["", "a"])
)
steps = st.one_of(
    st.builds(Step, note=st.lists(runs, max_size=4).map(tuple)),
    st.builds(Step, clear=runs),
    st.builds(Step, save=st.frozensets(minutes, max_size=3)),
)


@given(story=st.lists(steps, max_size=6))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_table_holds_what_a_plain_mapping_would(store: DurableStore, story: list[Step]) -> None:
    await emptied(store)
    model: dict[int, tuple[str, str]] = {}
    traded: set[int] = set()
    for step in story:
        await store.note_verdicts(step.note)
        model |= {minute: decided for told in step.note for minute, decided in _by_minute([told]).items()}
        if step.clear is not None:
            await store.clear_verdicts(NAME, step.clear.start_ns, step.clear.end_ns)
            gone = _by_minute([step.clear])
            model = {minute: decided for minute, decided in model.items() if minute not in gone}
        await store.save([bar(NAME, time=verdict(minute, 1).start_ns) for minute in step.save])
        traded |= step.save
        model = {minute: decided for minute, decided in model.items() if minute not in traded}
    assert _by_minute(await noted(store)) == model


def _by_minute(verdicts: list[Verdict]) -> dict[int, tuple[str, str]]:
    told = [
        ((time_ns - MIDNIGHT) // MINUTE_NS, (verdict.status, verdict.reason))
        for verdict in verdicts
        for time_ns in range(verdict.start_ns, verdict.end_ns, MINUTE_NS)
    ]
    assert len(dict(told)) == len(told), "a minute with two verdicts"
    return dict(told)
