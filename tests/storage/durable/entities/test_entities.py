"""What all entities have in common: they are written, rewritten, retired and removed, and refuse with a sentence."""

import asyncio
from datetime import UTC, datetime, time, timedelta

import msgspec
import pytest

from engine.storage.durable.entities import (
    Entities,
    EntityClashError,
    EntityInUseError,
    EntityUnknownError,
    ExchangeDraft,
    ExchangeEntity,
    InstrumentEntity,
    ProviderDraft,
    SectorDraft,
)
from tests.storage.durable.entities.conftest import share

pytestmark = pytest.mark.anyio


async def test_an_entity_is_read_back_as_it_was_written(entities: Entities) -> None:
    draft = ExchangeDraft("NSE", "National Stock Exchange", "Asia/Kolkata", "IN", "INR", time(9, 15), time(15, 30))
    exchange = await entities.exchanges.add(draft)
    assert await entities.exchanges.one(exchange.id) == exchange
    assert [getattr(exchange, name) for name in draft.__struct_fields__] == list(msgspec.structs.astuple(draft))
    assert abs(exchange.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert exchange.updated_at == exchange.created_at

    provider = await entities.providers.add(ProviderDraft("kite", {"quotes_per_second": 1.0}))
    assert (provider.name, provider.rate_limits) == ("kite", {"quotes_per_second": 1.0})
    assert await entities.providers.one(provider.id) == provider


async def test_a_change_is_noted_with_its_time(entities: Entities) -> None:
    before = await entities.sectors.add(SectorDraft("Banks"))
    after = await entities.sectors.change(before.id, SectorDraft("Private banks"))
    assert after is not None
    assert (after.id, after.name, after.created_at) == (before.id, "Private banks", before.created_at)
    assert after.updated_at > before.updated_at


async def test_what_is_not_there_is_neither_read_nor_changed(entities: Entities) -> None:
    for number in (7, 0, -1, 2**31, 2**70):
        assert await entities.sectors.one(number) is None
        assert await entities.sectors.change(number, SectorDraft("Banks")) is None
        assert await entities.sectors.retire(number) is None
        assert not await entities.sectors.remove(number)


async def test_a_name_is_given_once(entities: Entities) -> None:
    await entities.sectors.add(SectorDraft("Banks"))
    other = await entities.sectors.add(SectorDraft("Metals"))
    with pytest.raises(EntityClashError, match="a sector of that name is there already"):
        await entities.sectors.add(SectorDraft("Banks"))
    with pytest.raises(EntityClashError, match="a sector of that name"):
        await entities.sectors.change(other.id, SectorDraft("Banks"))


async def test_a_refusal_is_no_error_of_the_programs(entities: Entities) -> None:
    """Left to the pool, an open transaction would be one, in the log of who was only asked for a name that is taken."""
    complaints: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))
    await entities.sectors.add(SectorDraft("Energy"))
    with pytest.raises(EntityClashError):
        await entities.sectors.add(SectorDraft("Energy"))
    loop.set_exception_handler(None)
    assert complaints == []


async def test_what_is_retired_is_kept_and_leaves_the_lists(entities: Entities) -> None:
    banks = await entities.sectors.add(SectorDraft("Banks"))
    metals = await entities.sectors.add(SectorDraft("Metals"))
    retired = await entities.sectors.retire(banks.id)
    assert retired is not None
    assert not retired.is_active
    assert (await entities.sectors.page(10)).rows == [metals]
    assert (await entities.sectors.page(10, include_inactive=True)).rows == [retired, metals]
    assert await entities.sectors.one(banks.id) == retired


async def test_only_what_nobody_refers_to_can_be_removed(
    entities: Entities, nse: ExchangeEntity, tcs: InstrumentEntity
) -> None:
    with pytest.raises(EntityInUseError, match="the exchange is still referred to by instruments"):
        await entities.exchanges.remove(nse.id)
    assert await entities.instruments.remove(tcs.id)
    assert await entities.exchanges.remove(nse.id)
    assert await entities.exchanges.one(nse.id) is None


async def test_a_reference_to_nothing_names_its_field(entities: Entities, nse: ExchangeEntity) -> None:
    with pytest.raises(EntityUnknownError) as raised:
        await entities.instruments.add(share(nse.id + 1, "TCS"))
    assert raised.value.field == "exchange_id"
    with pytest.raises(EntityUnknownError) as raised:
        await entities.instruments.add(share(nse.id, "TCS", sector_id=9))
    assert raised.value.field == "sector_id"
