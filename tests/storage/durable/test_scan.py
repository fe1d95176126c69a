"""The gap scan names the sessions that lack minutes, and only those."""

from collections.abc import Set as AbstractSet
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.market import Session, Verdict
from engine.storage.durable import DurableStore, ShortSession
from tests.storage.durable.seeds import emptied, seeded
from tests.storage.samples import MINUTE_NS, bar

pytestmark = pytest.mark.anyio

NAME, OTHER = "NSE:TCS", "NSE:INFY"
OPEN_NS = 1_795_232_700 * 1_000_000_000
"""A Saturday's opening, 09:15 in India."""
Minutes = frozenset[int]
DAY_NS = 1440 * MINUTE_NS


@pytest.fixture
async def store(durable: DurableStore) -> DurableStore:
    await seeded(durable)
    return durable


def session(day: int = 0, minutes: int = 5) -> Session:
    start_ns = OPEN_NS + day * DAY_NS
    return Session(start_ns, start_ns + minutes * MINUTE_NS, date(2026, 11, 21 + day))


async def trade(
    store: DurableStore, minutes: AbstractSet[int], *, name: str = NAME, day: int = 0, flagged: bool = False
) -> None:
    opens = (OPEN_NS + day * DAY_NS + minute * MINUTE_NS for minute in minutes)
    await store.save([bar(name, time=time, resolve_required=flagged) for time in opens])


def decided(minute: int, count: int, *, reason: str = "") -> Verdict:
    start_ns = OPEN_NS + minute * MINUTE_NS
    return Verdict(NAME, "unresolvable" if reason else "empty", start_ns, start_ns + count * MINUTE_NS, reason)


async def test_a_session_of_which_nothing_is_there_is_short(store: DurableStore) -> None:
    (found,) = await store.short_sessions([NAME], [session()])
    assert found == ShortSession(NAME, session(), 0, 0, 0)
    assert (found.expected, found.missing) == (5, 5)


async def test_only_the_sessions_that_lack_minutes_are_named(store: DurableStore) -> None:
    await trade(store, {0, 1, 2, 3, 4})
    await trade(store, {0, 1, 3, 4}, name=OTHER)
    await trade(store, {0, 1, 2, 3, 4}, name=OTHER, day=1)
    found = await store.short_sessions([NAME, OTHER, "NSE:NOPE"], [session(), session(1)])
    assert {(short.instrument, short.session.date.day, short.missing) for short in found} == {
        (NAME, 22, 5),
        (OTHER, 21, 1),
    }


async def test_what_traded_outside_the_session_does_not_make_up_for_it(store: DurableStore) -> None:
    await trade(store, {-1, 0, 1, 2, 3, 5})
    await store.save([bar(NAME, timeframe="5m", time=OPEN_NS)])
    assert [short.missing for short in await store.short_sessions([NAME], [session()])] == [1]


async def test_decided_minutes_are_not_missing(store: DurableStore) -> None:
    await trade(store, {0, 1})
    await store.note_verdicts([decided(2, 1), decided(3, 1, reason="too old")])
    assert await store.short_sessions([NAME], [session()]) == [ShortSession(NAME, session(), 2, 1, 1)]
    await store.note_verdicts([decided(4, 9)])
    assert await store.short_sessions([NAME], [session()]) == []
    found = await store.short_sessions([NAME], [session()], unresolvable=True)
    assert found == [ShortSession(NAME, session(), 2, 2, 1)]


async def test_flagged_minutes_and_those_without_a_price_are_not_there(store: DurableStore) -> None:
    await trade(store, {0, 1, 2})
    await trade(store, {3}, flagged=True)
    await store.save([bar(NAME, time=OPEN_NS + 4 * MINUTE_NS, low=float("nan"))])
    assert await store.short_sessions([NAME], [session()]) == [ShortSession(NAME, session(), 3, 0, 0)]


async def test_of_a_session_that_goes_on_only_what_is_over_is_expected(store: DurableStore) -> None:
    await trade(store, {0, 1, 2})
    young = Session(OPEN_NS, OPEN_NS + 3 * MINUTE_NS, session().date)
    assert await store.short_sessions([NAME], [young, Session(OPEN_NS, OPEN_NS, session().date)]) == []
    assert await store.short_sessions([NAME], []) == []
    assert await store.short_sessions([], [young]) == []


minutes = st.frozensets(st.integers(-2, 12), max_size=15)


@given(rows=st.tuples(minutes, minutes), verdicts=st.tuples(minutes, minutes), length=st.integers(1, 10))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_missing_is_what_was_expected_and_is_neither_there_nor_decided(
    store: DurableStore, rows: tuple[Minutes, Minutes], verdicts: tuple[Minutes, Minutes], length: int
) -> None:
    await emptied(store)
    (sound, flagged), (empty, hopeless) = rows, verdicts
    flagged -= sound
    await trade(store, sound)
    await trade(store, flagged, flagged=True)
    await store.note_verdicts([decided(minute, 1) for minute in empty])
    await store.note_verdicts([decided(minute, 1, reason="too old") for minute in hopeless])

    missing = set(range(length)) - sound - (empty - flagged) - hopeless
    found = await store.short_sessions([NAME], [session(minutes=length)])
    assert sum(short.missing for short in found) == len(missing)
