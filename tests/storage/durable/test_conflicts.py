"""Conflicts are kept once each, until an operator has settled them; two that changed places are none."""

from datetime import date

import pytest

from engine.market.instrument import Instrument, InstrumentKind
from engine.storage.durable import DurableStore, MappingConflict
from engine.storage.memory import MemoryDurableStore
from tests.storage.conftest import ON_POSTGRESQL
from tests.storage.durable.seeds import equity, mapping, seeded

pytestmark = pytest.mark.anyio

TODAY = date(2026, 11, 20)
RENAMED = MappingConflict("taken over", "NSE:ETERNAL", "NSE_EQ", "2", "renamed, or another one?", "NSE:TCS")


async def told(store: DurableStore) -> list[tuple[str, str, date]]:
    if isinstance(store, MemoryDurableStore):
        return [(one.instrument, one.detail, day) for day, one in store.tables.conflicts.values()]
    provider = (await store.entities.providers.page(1)).rows[0].id
    rows = (await store.entities.conflicts.page(provider, 10)).rows
    return [(row.instrument, row.detail, row.day) for row in reversed(rows)]


async def test_a_token_is_held_by_who_is_alive_and_has_it_now(durable: DurableStore) -> None:
    await seeded(durable)
    gone = Instrument(
        0, "NSE", "X19NOV26FUT", "X", InstrumentKind.FUTURE, 0.05, expiry=date(2026, 11, 19), underlying="X"
    )
    await durable.seed([], [gone, equity("NEW")], [mapping("X19NOV26FUT", "9"), mapping("NEW", "1", TODAY)])
    asked = [("NSE_EQ", token) for token in ("1", "2", "9", "77")]
    assert await durable.token_holders("dhan", asked, TODAY) == {"NSE_EQ:1": "NSE:NEW", "NSE_EQ:2": "NSE:TCS"}
    assert await durable.token_holders("kite", asked, TODAY) == {}
    assert await durable.token_holders("dhan", [], TODAY) == {}


async def test_what_is_found_again_is_kept_once_with_the_newest_day_and_words(durable: DurableStore) -> None:
    await seeded(durable)
    await durable.note_conflicts("dhan", date(2026, 11, 19), [RENAMED, RENAMED])
    assert await told(durable) == [("NSE:ETERNAL", "renamed, or another one?", date(2026, 11, 19))]
    again = MappingConflict("taken over", "NSE:ETERNAL", "NSE_EQ", "2", "still", "NSE:TCS")
    await durable.note_conflicts("dhan", TODAY, [again])
    await durable.note_conflicts("dhan", TODAY, [])
    assert await told(durable) == [("NSE:ETERNAL", "still", TODAY)]


async def test_who_lost_its_token_and_has_another_by_the_end_of_the_list_has_only_changed_places(
    durable: DurableStore,
) -> None:
    await seeded(durable)
    await durable.seed([], [equity("ETERNAL")], [])
    await durable.note_conflicts("dhan", TODAY, [RENAMED])
    await durable.seed([], [], [mapping("ETERNAL", "2", TODAY)])
    assert await durable.forget_moved("dhan", TODAY) == 0
    await durable.seed([], [], [mapping("TCS", "77", TODAY)])
    assert await durable.forget_moved("dhan", date(2026, 11, 21)) == 0, "that was another day"
    assert await durable.forget_moved("dhan", TODAY) == 1
    assert await told(durable) == []


@ON_POSTGRESQL
async def test_one_that_is_settled_stays_so_until_a_list_says_something_else(durable: DurableStore) -> None:
    await seeded(durable)
    await durable.note_conflicts("dhan", TODAY, [RENAMED])
    provider = (await durable.entities.providers.page(1)).rows[0].id
    [row] = (await durable.entities.conflicts.page(provider, 10)).rows
    await durable.entities.conflicts.retire(row.id)
    await durable.note_conflicts("dhan", TODAY, [RENAMED])
    assert await told(durable) == []
    assert len((await durable.entities.conflicts.page(provider, 10, include_inactive=True)).rows) == 1
    await durable.note_conflicts("dhan", TODAY, [MappingConflict("taken over", "NSE:ETERNAL", "NSE_EQ", "2", "other")])
    assert await told(durable) == [("NSE:ETERNAL", "other", TODAY)]
