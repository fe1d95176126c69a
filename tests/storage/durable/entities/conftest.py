"""Entities stand on the server alone."""

import pytest

from engine.market.instrument import InstrumentKind
from engine.storage.durable import DurableStore
from engine.storage.durable.entities import Entities, ExchangeDraft, ExchangeEntity, InstrumentDraft, InstrumentEntity


@pytest.fixture
def durable_place(database_url: str) -> str:
    return database_url


@pytest.fixture
def entities(durable: DurableStore) -> Entities:
    return durable.entities


@pytest.fixture
async def nse(entities: Entities) -> ExchangeEntity:
    return await entities.exchanges.add(ExchangeDraft("NSE", "National Stock Exchange", "Asia/Kolkata", "IN", "INR"))


@pytest.fixture
async def tcs(entities: Entities, nse: ExchangeEntity) -> InstrumentEntity:
    return await entities.instruments.add(share(nse.id, "TCS"))


def share(exchange_id: int, symbol: str, **more: object) -> InstrumentDraft:
    return InstrumentDraft(exchange_id, symbol, InstrumentKind.EQUITY, 0.05, **more)  # type: ignore[arg-type]
