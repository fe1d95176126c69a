"""Mappings: a token means one instrument at a time, and an instrument has one token at a time."""

from datetime import date

import pytest

from engine.storage.durable import DurableStore
from engine.storage.durable.entities import (
    Entities,
    EntityClashError,
    EntityUnknownError,
    ExchangeEntity,
    InstrumentEntity,
    MappingDraft,
    MappingFilter,
    ProviderDraft,
)
from tests.storage.durable.entities.conftest import share

pytestmark = pytest.mark.anyio

JANUARY, MARCH, JUNE = date(2026, 1, 1), date(2026, 3, 1), date(2026, 6, 1)


@pytest.fixture
async def dhan(entities: Entities) -> int:
    return (await entities.providers.add(ProviderDraft("dhan"))).id


@pytest.fixture
async def infy(entities: Entities, nse: ExchangeEntity) -> InstrumentEntity:
    return await entities.instruments.add(share(nse.id, "INFY"))


def draft(instrument: InstrumentEntity, token: str, start: date = JANUARY, end: date | None = None) -> MappingDraft:
    return MappingDraft(instrument.id, "NSE_EQ", token, start, end)


async def test_a_mapping_is_what_the_engine_routes_by(
    durable: DurableStore, entities: Entities, dhan: int, tcs: InstrumentEntity
) -> None:
    mapping = await entities.mappings.add(dhan, draft(tcs, "11536"))
    assert (mapping.provider_id, mapping.instrument, mapping.valid_to) == (dhan, "NSE:TCS", None)
    assert [route.provider_symbol for route in await durable.routes("dhan", MARCH)] == ["11536"]
    await entities.mappings.retire(mapping.id)
    assert await durable.routes("dhan", MARCH) == []


async def test_days_that_overlap_are_refused_with_who_has_them(
    entities: Entities, dhan: int, tcs: InstrumentEntity, infy: InstrumentEntity
) -> None:
    first = await entities.mappings.add(dhan, draft(tcs, "1", JANUARY, MARCH))
    sentence = f"mapping {first.id} has NSE_EQ:1 for NSE:TCS from 2026-01-01 to 2026-03-01"
    for other in (draft(tcs, "2"), draft(infy, "1"), draft(infy, "1", date(2026, 2, 28), JUNE)):
        with pytest.raises(EntityClashError, match=sentence):
            await entities.mappings.add(dhan, other)
    reused = await entities.mappings.add(dhan, draft(infy, "1", MARCH))
    await entities.mappings.add(dhan, draft(tcs, "2", MARCH))
    with pytest.raises(EntityClashError, match=f"mapping {first.id}"):
        await entities.mappings.change(dhan, reused.id, draft(infy, "1", JANUARY))
    changed = await entities.mappings.change(dhan, reused.id, draft(infy, "1", MARCH, JUNE))
    assert changed is not None
    assert changed.valid_to == JUNE


async def test_another_provider_or_segment_is_another_matter(
    entities: Entities, dhan: int, tcs: InstrumentEntity, infy: InstrumentEntity
) -> None:
    kite = (await entities.providers.add(ProviderDraft("kite"))).id
    first = await entities.mappings.add(dhan, draft(tcs, "1"))
    await entities.mappings.add(kite, draft(tcs, "1"))
    await entities.mappings.add(dhan, MappingDraft(infy.id, "BSE_EQ", "1", JANUARY))
    assert await entities.mappings.change(kite, first.id, draft(infy, "9")) is None
    assert len((await entities.mappings.page(dhan, 10)).rows) == 2


async def test_a_mapping_of_nobody_names_what_is_missing(entities: Entities, dhan: int, tcs: InstrumentEntity) -> None:
    with pytest.raises(EntityUnknownError) as raised:
        await entities.mappings.add(dhan + 1, draft(tcs, "1"))
    assert raised.value.field == "provider_id"
    with pytest.raises(EntityUnknownError) as raised:
        await entities.mappings.add(dhan, MappingDraft(tcs.id + 1, "NSE_EQ", "1", JANUARY))
    assert raised.value.field == "instrument_id"


async def test_they_are_listed_by_segment_and_symbol_and_filtered(
    entities: Entities, dhan: int, tcs: InstrumentEntity, infy: InstrumentEntity
) -> None:
    for one in (draft(tcs, "7", MARCH, JUNE), draft(tcs, "5", JANUARY, MARCH), draft(infy, "7", JUNE)):
        await entities.mappings.add(dhan, one)

    async def listed(after: tuple[str | int, ...] | None = None, limit: int = 10, **only: object) -> list[str]:
        page = await entities.mappings.page(dhan, limit, after, MappingFilter(**only))  # type: ignore[arg-type]
        return [f"{row.provider_symbol} {row.instrument}" for row in page.rows]

    assert await listed() == ["5 NSE:TCS", "7 NSE:TCS", "7 NSE:INFY"]
    assert await listed(day=MARCH) == ["7 NSE:TCS"]
    assert await listed(instrument_id=infy.id) == ["7 NSE:INFY"]
    assert await listed(segment="NSE_FNO") == []
    assert await listed(provider_symbol="5") == ["5 NSE:TCS"]
    first = await entities.mappings.page(dhan, 2)
    assert await listed(first.after) == ["7 NSE:INFY"]
