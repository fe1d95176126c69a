"""The tally: its figures are those of the ledger, summed up, and never better."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.market import TIMEFRAMES, Calendars, Verdict
from engine.market.timeframe import MINUTE_NS
from engine.storage import tally as module
from engine.storage.ledger import LedgerReader
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from engine.storage.tally import Tally
from tests.storage.durable.seeds import emptied, seeded
from tests.storage.test_ledger import HOURS, NAME, OTHER, VALID, minutes

pytestmark = pytest.mark.anyio

WEEK = {weekday: ["09:15-09:35", "18:00-18:07"] for weekday in ("monday", "tuesday", "wednesday", "thursday", "friday")}
CALENDARS = Calendars(lambda _: {**HOURS, **VALID, "hours": WEEK})
MORNING, EVENING = CALENDARS.of(NAME).sessions(date(2026, 11, 19), date(2026, 11, 19))


@pytest.fixture
async def durable() -> MemoryDurableStore:
    store = MemoryDurableStore()
    await seeded(store)
    return store


async def summed(durable: MemoryDurableStore, saved_ns: int) -> dict[str, tuple[int, int]]:
    """What the ledger tells of both instruments, page by page."""
    reader = LedgerReader(MemoryHotStore(), durable, CALENDARS, saved_after_ns=0)
    found: dict[str, tuple[int, int]] = {}
    for timeframe in TIMEFRAMES:
        pages = await reader.pages([NAME, OTHER], timeframe, MORNING.start_ns, saved_ns, saved_ns)
        all_pages = [page for of_one in pages.values() for page in of_one]
        found[timeframe] = sum(page.expected for page in all_pages), sum(page.settled for page in all_pages)
    return found


async def counted(durable: MemoryDurableStore, saved_ns: int) -> dict[str, tuple[int, int]]:
    shares = await Tally(durable, CALENDARS).shares([OTHER, NAME], MORNING.start_ns, saved_ns)
    return {timeframe: (share.expected, share.settled) for (_, timeframe), share in shares.items()}


async def test_nothing_known_is_nothing_settled(durable: MemoryDurableStore) -> None:
    shares = await Tally(durable, CALENDARS).shares([NAME], MORNING.start_ns, EVENING.end_ns)
    assert {share.percentage for share in shares.values()} == {0.0}
    assert await Tally(durable, CALENDARS).shares([], MORNING.start_ns, EVENING.end_ns) == {}
    before_the_open = await Tally(durable, CALENDARS).shares([NAME], MORNING.start_ns, MORNING.start_ns)
    assert {share.percentage for share in before_the_open.values()} == {100.0}


numbers = st.frozensets(st.integers(0, 19), max_size=20) | st.just(frozenset(range(20)))
FAR = EVENING.end_ns + 60 * MINUTE_NS


@given(
    present=st.tuples(numbers, numbers, numbers, numbers),
    decided=st.tuples(numbers, numbers),
    saved=st.sampled_from([FAR, MORNING.start_ns + 8 * MINUTE_NS, EVENING.start_ns + 3 * MINUTE_NS]),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_what_is_counted_is_the_ledgers_sum(
    durable: MemoryDurableStore,
    present: tuple[frozenset[int], ...],
    decided: tuple[frozenset[int], frozenset[int]],
    saved: int,
) -> None:
    await emptied(durable)
    places = [(name, session) for name in (NAME, OTHER) for session in (MORNING, EVENING)]
    for (name, session), found in zip(places, present, strict=True):
        await durable.save(minutes(session.start_ns, set(found), instrument=name))
    for status, found in zip(("empty", "unresolvable"), decided, strict=True):
        starts = [MORNING.start_ns + number * MINUTE_NS for number in found]
        await durable.note_verdicts([Verdict(NAME, status, start, start + MINUTE_NS) for start in starts])
    assert await counted(durable, saved) == await summed(durable, saved)


async def test_beyond_what_is_looked_at_figures_are_never_better(
    durable: MemoryDurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await durable.save(minutes(MORNING.start_ns, set(range(20)) - {3, 4}))
    exact = await counted(durable, FAR)
    monkeypatch.setattr(module, "LOOKED_AT", 0)
    guessed = await counted(durable, FAR)
    assert guessed["1m"] == exact["1m"]
    assert all(guessed[timeframe][1] <= exact[timeframe][1] for timeframe in TIMEFRAMES)
    assert (exact["5m"][1], guessed["5m"][1]) == (3, 2)


async def test_of_days_the_calendar_does_not_know_nothing_is_counted(durable: MemoryDurableStore) -> None:
    ended = {**HOURS, **VALID, "valid_through": date(2026, 11, 18), "hours": WEEK}
    shares = await Tally(durable, Calendars(lambda _: ended)).shares([NAME], MORNING.start_ns, FAR)
    assert {(share.expected, share.percentage) for share in shares.values()} == {(0, 100.0)}
