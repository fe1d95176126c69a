"""The ledger of both stores: complete sessions are counted, what is missing is found, and what is too young is left alone."""

from datetime import date

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.market import TIMEFRAMES, Calendars, Candle, CandleState, Verdict
from engine.market.ledger import BucketState, Evidence, LedgerGap, read_ledger, sessions_until
from engine.market.timeframe import MINUTE_NS
from engine.storage.durable import ARCHIVED as ARCHIVED_UNTIL
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.ledger import LedgerReader
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.storage.durable.seeds import emptied, seeded

pytestmark = pytest.mark.anyio

NAME, OTHER = "NSE:TCS", "NSE:INFY"
HOURS = {"code": "NSE", "name": "x", "timezone": "Asia/Kolkata", "country": "IN", "currency": "INR"}
WEEK = {weekday: ["09:15-09:35"] for weekday in ("monday", "tuesday", "wednesday", "thursday", "friday")}
VALID = {"valid_from": date(2026, 1, 1), "valid_through": date(2027, 12, 31)}
CALENDARS = Calendars(lambda _: {**HOURS, **VALID, "hours": WEEK})
CALENDAR = CALENDARS.of(NAME)
THURSDAY, FRIDAY = CALENDAR.sessions(date(2026, 11, 19), date(2026, 11, 20))
SAVED_AFTER_NS = 7 * MINUTE_NS
LATER = FRIDAY.end_ns + 60 * MINUTE_NS
MISSING, HEALING, TRADED, ARCHIVED = (
    BucketState.MISSING,
    BucketState.HEALING,
    BucketState.TRADED,
    BucketState.ARCHIVED,
)


def minutes(start_ns: int, numbers: range | set[int], **changes: object) -> list[Candle]:
    return [
        msgspec.structs.replace(
            Candle(NAME, "1m", start_ns + number * MINUTE_NS, 1.0, 2.0, 1.0, 2.0, 5, state=CandleState.FINAL), **changes
        )
        for number in numbers
    ]


def gap(start_ns: int, first: int, count: int, state: BucketState = MISSING, reason: str = "") -> LedgerGap:
    begin_ns = start_ns + first * MINUTE_NS
    return LedgerGap(begin_ns, begin_ns + count * MINUTE_NS, state, reason or str(state))


class Ledger:
    """Stores without servers, and the ledger that is read of them."""

    def __init__(self) -> None:
        self.hot, self.durable = MemoryHotStore(), MemoryDurableStore()
        self.reader = LedgerReader(self.hot, self.durable, CALENDARS, saved_after_ns=SAVED_AFTER_NS)

    async def gaps(self, now_ns: int = LATER, timeframe: str = "1m") -> list[LedgerGap] | None:
        return await self.reader.gaps(NAME, timeframe, THURSDAY.start_ns, FRIDAY.end_ns, now_ns)

    async def counts(self, now_ns: int = LATER, timeframe: str = "1m") -> list[dict[BucketState, int]]:
        pages = await self.reader.pages([NAME], timeframe, THURSDAY.start_ns, FRIDAY.end_ns, now_ns)
        return [dict(page.counts) for page in pages[NAME]]


@pytest.fixture
async def ledger() -> Ledger:
    made = Ledger()
    await seeded(made.durable)
    return made


async def test_a_session_that_is_all_there_is_counted_and_one_that_lacks_minutes_is_looked_at(ledger: Ledger) -> None:
    await ledger.durable.save(minutes(THURSDAY.start_ns, range(20)))
    await ledger.durable.save(minutes(FRIDAY.start_ns, set(range(20)) - {3, 4}))
    await ledger.durable.note_verdicts([Verdict(NAME, "empty", FRIDAY.start_ns, FRIDAY.start_ns)])
    assert await ledger.counts() == [{TRADED: 20}, {TRADED: 18, MISSING: 2}]
    assert await ledger.counts(timeframe="5m") == [{TRADED: 4}, {TRADED: 3, MISSING: 1}]
    assert await ledger.gaps() == [gap(FRIDAY.start_ns, 3, 2)]
    assert await ledger.gaps(timeframe="1d") == [gap(FRIDAY.start_ns, 0, 20)]


async def test_decided_minutes_of_complete_sessions_are_told_apart(ledger: Ledger) -> None:
    await ledger.durable.save(minutes(THURSDAY.start_ns, range(15)))
    quiet = THURSDAY.start_ns + 15 * MINUTE_NS
    await ledger.durable.note_verdicts(
        [Verdict(NAME, "empty", quiet, quiet + 3 * MINUTE_NS), Verdict(NAME, "unresolvable", quiet + 3 * MINUTE_NS, THURSDAY.end_ns, "too old")]
    )  # fmt: skip
    assert (await ledger.counts())[0] == {TRADED: 15, BucketState.EMPTY: 3, BucketState.UNRESOLVABLE: 2}
    assert (await ledger.gaps() or [])[0] == gap(THURSDAY.start_ns, 18, 2, BucketState.UNRESOLVABLE, "too old")


async def test_what_is_young_is_expected_of_the_hot_store_first(ledger: Ledger) -> None:
    now_ns = FRIDAY.start_ns + 10 * MINUTE_NS + 6_000_000_000
    await ledger.durable.save([*minutes(THURSDAY.start_ns, range(20)), *minutes(FRIDAY.start_ns, range(3))])
    assert await ledger.counts(now_ns) == [{TRADED: 20}, {TRADED: 3}], "the rest may be on its way"
    assert await ledger.gaps(now_ns) == [gap(FRIDAY.start_ns, 3, 7)]
    await ledger.hot.write_candles(minutes(FRIDAY.start_ns, {3, 4, 5, 6, 8, 9}))
    assert await ledger.gaps(now_ns) == [gap(FRIDAY.start_ns, 7, 1)]
    await ledger.hot.set_healing({NAME: [(FRIDAY.start_ns, now_ns)]})
    assert await ledger.gaps(now_ns) == [gap(FRIDAY.start_ns, 7, 1, HEALING)]
    assert await ledger.gaps(FRIDAY.start_ns + 7 * MINUTE_NS + 1) == [], "the seventh may close in this very second"


async def test_what_is_archived_is_told_as_such_and_days_that_lack_as_missing(ledger: Ledger) -> None:
    """Told as complete, a chart of last year had a hole that nothing spoke of; told as missing, it was fetched again."""
    await ledger.durable.save(minutes(THURSDAY.start_ns, range(5)))
    quiet = THURSDAY.start_ns + 15 * MINUTE_NS
    await ledger.durable.note_verdicts([Verdict(NAME, "empty", quiet, THURSDAY.end_ns)])
    await ledger.durable.save([], checkpoint_ns=THURSDAY.end_ns, name=ARCHIVED_UNTIL)
    assert await ledger.counts() == [{TRADED: 5, ARCHIVED: 10, BucketState.EMPTY: 5}, {MISSING: 20}]
    assert await ledger.counts(timeframe="5m") == [{TRADED: 1, ARCHIVED: 2, BucketState.EMPTY: 1}, {MISSING: 4}]
    for timeframe in ("1m", "5m"):
        archived, missing = await ledger.gaps(timeframe=timeframe)
        assert (archived.start_ns, archived.end_ns, archived.state) == (
            THURSDAY.start_ns + 5 * MINUTE_NS,
            quiet,
            ARCHIVED,
        )
        assert "ticktree restore" in archived.reason
        assert missing == gap(FRIDAY.start_ns, 0, 20)
    [thursday, friday] = (await ledger.reader.pages([NAME], "1m", THURSDAY.start_ns, FRIDAY.end_ns, LATER))[NAME]
    assert (thursday.percentage, len(thursday.gaps), friday.percentage) == (100.0, 1, 0.0)

    assert await ledger.counts(timeframe="1d") == [{MISSING: 1}, {MISSING: 1}], "days' own bars are not archived"
    day = DailyCandle(THURSDAY.date, msgspec.structs.replace(minutes(THURSDAY.start_ns, {0})[0], timeframe="1d"))
    await ledger.durable.save([], [day])
    assert await ledger.counts(timeframe="1d") == [{TRADED: 1}, {MISSING: 1}]


async def test_what_was_not_saved_after_all_is_read_of_the_hot_store(ledger: Ledger) -> None:
    await ledger.hot.write_candles(minutes(FRIDAY.start_ns, range(20)))
    await ledger.durable.save(minutes(THURSDAY.start_ns, range(20)))
    assert await ledger.gaps() == []
    assert await ledger.counts() == [{TRADED: 20}, {MISSING: 20}]


async def test_a_flag_that_is_raised_over_a_saved_sound_minute_takes_it_back(ledger: Ledger) -> None:
    await ledger.durable.save([*minutes(THURSDAY.start_ns, range(20)), *minutes(FRIDAY.start_ns, range(20))])
    assert await ledger.gaps() == []
    await ledger.durable.save(minutes(FRIDAY.start_ns, {3, 4}, resolve_required=True))
    assert await ledger.gaps() == [gap(FRIDAY.start_ns, 3, 2)]
    await ledger.durable.save(minutes(FRIDAY.start_ns, {3, 4}))
    assert await ledger.counts() == [{TRADED: 20}, {TRADED: 18, MISSING: 2}], "a repeat clears nothing"


async def test_a_doubted_minute_is_missing_until_its_heal_whatever_comes_late(durable: DurableStore) -> None:
    await seeded(durable)
    reader = LedgerReader(MemoryHotStore(), durable, CALENDARS, saved_after_ns=SAVED_AFTER_NS)
    sound = minutes(FRIDAY.start_ns, range(20))
    healed = [msgspec.structs.replace(one, state=CandleState.REVISED, revision=1) for one in sound[3:5]]
    told: list[dict[BucketState, int]] = []
    for saved in (sound, minutes(FRIDAY.start_ns, {3, 4}, resolve_required=True), sound, healed, sound):
        await durable.save(saved)
        pages = await reader.pages([NAME], "1m", FRIDAY.start_ns, FRIDAY.end_ns, LATER)
        told += [dict(page.counts) for page in pages[NAME]]
    doubted = {TRADED: 18, MISSING: 2}
    assert told == [{TRADED: 20}, doubted, doubted, {TRADED: 20}, {TRADED: 20}]


async def test_while_a_store_is_away_nobody_can_say_what_is_missing(ledger: Ledger) -> None:
    ledger.hot.link.away = True
    assert await ledger.gaps() is None
    assert await ledger.counts() == [{MISSING: 20}, {MISSING: 20}]
    ledger.hot.link.away, ledger.durable.tables.away = False, True
    assert await ledger.gaps() is None


async def test_bars_that_came_without_their_minutes_are_there(ledger: Ledger) -> None:
    day = Candle(NAME, "1d", THURSDAY.start_ns, 1.0, 2.0, 1.0, 2.0, 5, state=CandleState.FINAL)
    await ledger.durable.save([day])
    assert await ledger.gaps(timeframe="1d") == [gap(FRIDAY.start_ns, 0, 20)]
    assert await ledger.counts(timeframe="1d") == [{TRADED: 1}, {MISSING: 1}]


async def test_instruments_are_told_apart(ledger: Ledger) -> None:
    await ledger.durable.save(minutes(THURSDAY.start_ns, range(20), instrument=OTHER))
    pages = await ledger.reader.pages([NAME, OTHER], "1m", THURSDAY.start_ns, THURSDAY.end_ns, LATER)
    assert {name: [page.percentage for page in found] for name, found in pages.items()} == {NAME: [0.0], OTHER: [100.0]}


async def test_of_days_the_calendar_does_not_know_nothing_is_missing_though_some_of_it_traded(
    ledger: Ledger,
) -> None:
    await ledger.durable.save(minutes(FRIDAY.start_ns, set(range(20)) - {3, 4}))
    ended = Calendars(lambda _: {**HOURS, **VALID, "valid_through": THURSDAY.date, "hours": WEEK})
    reader = LedgerReader(ledger.hot, ledger.durable, ended, saved_after_ns=SAVED_AFTER_NS)
    span = THURSDAY.start_ns, FRIDAY.end_ns
    for timeframe in TIMEFRAMES:
        [page] = (await reader.pages([NAME], timeframe, *span, LATER))[NAME]
        assert page.date == THURSDAY.date
        assert await reader.gaps(NAME, timeframe, *span, LATER) == [gap(THURSDAY.start_ns, 0, 20)]


def test_a_session_that_opens_the_evening_before_its_date_is_expected_that_evening() -> None:
    week = {weekday: ["17:00-16:00"] for weekday in ("monday", "tuesday", "wednesday", "thursday", "friday")}
    calendar = Calendars(lambda _: {**HOURS, **VALID, "hours": week}).of(NAME)
    [friday] = calendar.sessions(date(2026, 11, 20), date(2026, 11, 20))
    now_ns = friday.start_ns + 30 * MINUTE_NS
    [_, evening] = sessions_until(calendar, now_ns - 24 * 60 * MINUTE_NS, now_ns, now_ns)
    assert (evening.date, evening.start_ns, evening.end_ns) == (friday.date, friday.start_ns, now_ns)


def test_only_whole_minutes_that_are_over_count() -> None:
    cut = sessions_until(CALENDAR, THURSDAY.start_ns + 1, FRIDAY.end_ns, FRIDAY.start_ns + MINUTE_NS + 5)
    assert cut == [THURSDAY, msgspec.structs.replace(FRIDAY, end_ns=FRIDAY.start_ns + MINUTE_NS)]
    assert sessions_until(CALENDAR, THURSDAY.start_ns, FRIDAY.end_ns, THURSDAY.start_ns + 30) == []


numbers = st.frozensets(st.integers(0, 19), max_size=20)


@given(sound=st.tuples(numbers, numbers), flagged=numbers, empty=numbers, timeframe=st.sampled_from(TIMEFRAMES))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_counted_and_read_sessions_say_the_same_as_reading_everything(
    ledger: Ledger,
    sound: tuple[frozenset[int], frozenset[int]],
    flagged: frozenset[int],
    empty: frozenset[int],
    timeframe: str,
) -> None:
    await emptied(ledger.durable)
    rows = [*minutes(THURSDAY.start_ns, set(sound[0])), *minutes(FRIDAY.start_ns, set(sound[1]))]
    rows += minutes(FRIDAY.start_ns, set(flagged - sound[1]), resolve_required=True)
    await ledger.durable.save(rows)
    starts = [FRIDAY.start_ns + number * MINUTE_NS for number in empty]
    await ledger.durable.note_verdicts([Verdict(NAME, "empty", start_ns, start_ns + MINUTE_NS) for start_ns in starts])
    verdicts = (await ledger.durable.verdicts([NAME], 0, LATER)).get(NAME, [])
    everything = Evidence(rows, verdicts)
    span = THURSDAY.start_ns, FRIDAY.end_ns
    expected = read_ledger(CALENDAR, timeframe, *span, everything, settled_ns=LATER - SAVED_AFTER_NS)
    assert (await ledger.reader.pages([NAME], timeframe, *span, LATER))[NAME] == expected
    assert await ledger.gaps(timeframe=timeframe) == [hole for page in expected for hole in page.gaps]
