"""The scan: what should be there, less what is, less what was decided; and what one store lacks the other gives."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from actors.records import Records
from actors.scanner import Doubt, Scanner
from engine.market import Calendars, Candle, Verdict
from engine.storage.durable import ARCHIVED
from tests.actors.healing_parts import DAY_NS, SETTLE_AFTER_NS, WEEK_NS, Ward, ward
from tests.actors.parts import MINUTE_NS, NAME, NOON
from tests.actors.test_healer import LAST_MONTH, START, YESTERDAY, minutes

MIDNIGHT = NOON - 12 * 60 * MINUTE_NS
"""In India."""
END = NOON - SETTLE_AFTER_NS


CONTINUOUS = Calendars(lambda _: {}, {"NSE": "Asia/Kolkata"})


def known_through(day: date) -> Calendars:
    """An exchange open around the clock of whose days after that one nobody knows which are holidays."""
    about = {"code": "NSE", "name": "x", "timezone": "Asia/Kolkata", "country": "IN", "currency": "INR"}
    always = {name: ["00:00-24:00"] for name in ("wednesday", "thursday", "friday")}
    return Calendars(lambda _: {**about, "valid_from": date(2026, 1, 1), "valid_through": day, "hours": always})


def scanner(place: Ward, calendars: Calendars = CONTINUOUS) -> Scanner:
    records = Records(place.hot, place.durable, calendars)
    return Scanner(
        place.hot,
        place.durable,
        records,
        calendars,
        now_ns=lambda: NOON,
        retention_ns=WEEK_NS,
        settle_after_ns=SETTLE_AFTER_NS,
    )


async def found(
    place: Ward,
    start_ns: int = NOON - 366 * DAY_NS,
    end_ns: int = NOON,
    *,
    whole: bool = False,
    calendars: Calendars = CONTINUOUS,
) -> list[Doubt]:
    told: list[Doubt] = []
    async for doubts in scanner(place, calendars).doubts([NAME], start_ns, end_ns, whole=whole):
        told += doubts
    return told


def today(without: Sequence[int] = ()) -> list[Candle]:
    """All minutes of the day that are old enough to be looked for."""
    count = (END - MIDNIGHT) // MINUTE_NS
    return minutes(MIDNIGHT, *(number for number in range(count) if number not in without))


async def test_where_nothing_was_ever_known_nothing_is_missing(autojump_clock: Any) -> None:
    async with ward() as place:
        assert await found(place) == []


async def test_missing_minutes_are_found_from_the_first_to_the_last_and_the_young_ones_left_alone(
    autojump_clock: Any,
) -> None:
    async with ward() as place:
        candles = today(without=(5, 6, 100))
        await place.hot.write_candles(candles)
        await place.durable.save(candles)
        assert await found(place) == [Doubt(NAME, MIDNIGHT + 5 * MINUTE_NS, MIDNIGHT + 100 * MINUTE_NS)]


async def test_what_was_decided_is_not_looked_for_again(autojump_clock: Any) -> None:
    async with ward() as place:
        await place.durable.save(today(without=(5, 6)))
        await place.durable.note_verdicts(
            [
                Verdict(NAME, "empty", MIDNIGHT + 5 * MINUTE_NS, MIDNIGHT + 6 * MINUTE_NS),
                Verdict(NAME, "unresolvable", MIDNIGHT + 6 * MINUTE_NS, MIDNIGHT + 7 * MINUTE_NS, "gone"),
            ]
        )
        assert await found(place) == []


async def test_flagged_minutes_are_doubtful_in_either_store(autojump_clock: Any) -> None:
    async with ward() as place:
        await place.durable.save(today(without=(7, 9)))
        await place.durable.save(minutes(MIDNIGHT, 7, flagged=True))
        await place.hot.write_candles([*today(without=(9,)), *minutes(MIDNIGHT, 7, 9, flagged=True)])
        assert await found(place) == [Doubt(NAME, MIDNIGHT + 7 * MINUTE_NS, MIDNIGHT + 9 * MINUTE_NS)]


async def test_a_flag_that_only_redis_knows_of_is_doubted_though_the_saved_row_is_sound(autojump_clock: Any) -> None:
    async with ward() as place:
        await place.durable.save(today())
        await place.hot.write_candles([*today(without=(9,)), *minutes(MIDNIGHT, 9, flagged=True)])
        assert await found(place) == [Doubt(NAME, MIDNIGHT + 9 * MINUTE_NS, MIDNIGHT + 9 * MINUTE_NS)]


async def test_a_flag_that_one_store_alone_has_is_doubted_and_then_in_both(autojump_clock: Any) -> None:
    async with ward() as place:
        await place.durable.save([*today(without=(7,)), *minutes(MIDNIGHT, 7, flagged=True)])
        await place.hot.write_candles([*today(without=(9,)), *minutes(MIDNIGHT, 9, flagged=True)])
        assert await found(place) == [Doubt(NAME, MIDNIGHT + 7 * MINUTE_NS, MIDNIGHT + 9 * MINUTE_NS)]
        for store in (place.hot, place.durable):
            kept = await store.candles(NAME, "1m", MIDNIGHT, END)
            assert [number for number, one in enumerate(kept) if one.resolve_required] == [7, 9]


async def test_what_redis_lost_and_what_was_never_saved_is_copied_and_not_healed(autojump_clock: Any) -> None:
    async with ward() as place:
        candles = today()
        await place.durable.save(candles[:-50])
        await place.hot.write_candles(candles[300:])
        assert await found(place) == []
        assert await place.hot.candles(NAME, "1m", MIDNIGHT, END) == candles
        assert len(await place.durable.candles(NAME, "1m", MIDNIGHT, END)) == len(candles)


async def test_a_whole_day_that_is_missing_between_two_others_is_found_and_what_was_before_is_not(
    autojump_clock: Any,
) -> None:
    async with ward() as place:
        await place.durable.save([*minutes(LAST_MONTH, 0), *today()])
        doubts = await found(place)
        assert {doubt.instrument for doubt in doubts} == {NAME}
        assert len(doubts) == 30
        assert min(doubt.first_ns for doubt in doubts) == LAST_MONTH - 11 * 60 * MINUTE_NS  # its day's beginning
        assert [doubt for doubt in doubts if doubt.first_ns <= YESTERDAY <= doubt.last_ns]
        assert not [doubt for doubt in doubts if doubt.first_ns <= START <= doubt.last_ns]


async def test_an_operators_scan_expects_all_of_its_stretch_and_puts_nothing_old_into_redis(
    autojump_clock: Any,
) -> None:
    async with ward() as place:
        await place.durable.save(minutes(LAST_MONTH, *range(5, 60)))
        end_ns = LAST_MONTH + 60 * MINUTE_NS
        assert await found(place, LAST_MONTH, end_ns, whole=True) == [
            Doubt(NAME, LAST_MONTH, LAST_MONTH + 4 * MINUTE_NS)
        ]
        assert await place.hot.candles(NAME, "1m", LAST_MONTH, end_ns) == []


async def test_what_leaves_redis_by_its_age_is_not_put_back(autojump_clock: Any) -> None:
    async with ward() as place:
        border_ns = NOON - WEEK_NS
        await place.durable.save(minutes(border_ns - 30 * MINUTE_NS, *range(120)))
        await found(place)
        kept = await place.hot.candles(NAME, "1m", 0, NOON)
        assert (kept[0].time, len(kept)) == (border_ns + 60 * MINUTE_NS, 30)


async def test_on_a_day_the_calendar_does_not_know_nothing_is_missing_and_what_was_recorded_is_kept(
    autojump_clock: Any,
) -> None:
    async with ward() as place:
        yesterday, some = minutes(MIDNIGHT - DAY_NS, *range(1430)), today(without=(5, 6, 100))
        await place.durable.save(yesterday)
        await place.hot.write_candles([*yesterday, *some])
        unknown = known_through(date(2026, 11, 18))
        lacking = Doubt(NAME, MIDNIGHT - 10 * MINUTE_NS, MIDNIGHT - MINUTE_NS)
        assert await found(place, calendars=unknown) == [lacking]
        assert len(await place.durable.candles(NAME, "1m", MIDNIGHT, END)) == len(some)
        assert await found(place, MIDNIGHT, calendars=unknown, whole=True) == []
        known = await found(place, calendars=known_through(date(2026, 11, 19)))
        assert known == [lacking, Doubt(NAME, MIDNIGHT + 5 * MINUTE_NS, MIDNIGHT + 100 * MINUTE_NS)]


async def test_what_is_archived_is_not_looked_for(autojump_clock: Any) -> None:
    async with ward() as place:
        await place.durable.save(minutes(MIDNIGHT - 3 * DAY_NS, 0, 1, 2))
        assert len(await found(place, MIDNIGHT - 3 * DAY_NS, whole=True)) == 4
        await place.durable.save([], checkpoint_ns=MIDNIGHT - DAY_NS, name=ARCHIVED)
        [yesterday, today] = await found(place, MIDNIGHT - 3 * DAY_NS, whole=True)
        assert (yesterday.first_ns, today.first_ns) == (MIDNIGHT - DAY_NS, MIDNIGHT)
        assert await found(place, MIDNIGHT - 3 * DAY_NS) == [], "a record does not begin with what is archived"
