"""Instruments in pages: by what they are and what they are called, without a hole while others are added."""

from datetime import date
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.market.instrument import InstrumentKind, OptionType
from engine.storage.durable import DurableStore
from engine.storage.durable.entities import (
    Entities,
    EntityClashError,
    ExchangeDraft,
    ExchangeEntity,
    InstrumentDraft,
    InstrumentFilter,
    Key,
    SectorDraft,
)
from tests.storage.durable.entities.conftest import share

pytestmark = pytest.mark.anyio

NOVEMBER, DECEMBER = date(2026, 11, 26), date(2026, 12, 31)


async def names(entities: Entities, **wanted: object) -> list[str]:
    page = await entities.instruments.page(1000, None, InstrumentFilter(**wanted))  # type: ignore[arg-type]
    return [row.instrument for row in page.rows]


@pytest.fixture
async def market(entities: Entities, nse: ExchangeEntity) -> tuple[int, int]:
    """NSE with three shares and an index, NFO with an option and a future; their numbers."""
    nfo = await entities.exchanges.add(ExchangeDraft("NFO", "Derivatives", "Asia/Kolkata"))
    for symbol, name in (("TCS", "Tata Consultancy"), ("TATASTEEL", "Steel"), ("INFY", "Infosys")):
        await entities.instruments.add(share(nse.id, symbol, name=name))
    await entities.instruments.add(InstrumentDraft(nse.id, "NIFTY", InstrumentKind.INDEX, 0.05))
    option = InstrumentDraft(
        nfo.id, "NIFTY26NOV2624500CE", InstrumentKind.OPTION, 0.05, expiry=NOVEMBER, strike=24500.0,
        option_type=OptionType.CALL, underlying="NIFTY", lot_size=75,
    )  # fmt: skip
    future = InstrumentDraft(
        nfo.id, "NIFTY31DEC26FUT", InstrumentKind.FUTURE, 0.05, expiry=DECEMBER, underlying="NIFTY", lot_size=75
    )
    assert (await entities.instruments.add(option)).option_type is OptionType.CALL
    await entities.instruments.add(future)
    return nse.id, nfo.id


async def test_they_are_found_by_what_they_are(entities: Entities, market: tuple[int, int]) -> None:
    nse, nfo = market
    assert await names(entities) == [
        "NFO:NIFTY26NOV2624500CE",
        "NFO:NIFTY31DEC26FUT",
        "NSE:INFY",
        "NSE:NIFTY",
        "NSE:TATASTEEL",
        "NSE:TCS",
    ]
    assert await names(entities, exchange_id=nfo) == ["NFO:NIFTY26NOV2624500CE", "NFO:NIFTY31DEC26FUT"]
    assert await names(entities, exchange_id=nse, kind=InstrumentKind.INDEX) == ["NSE:NIFTY"]
    assert await names(entities, underlying="NIFTY", expiry=DECEMBER) == ["NFO:NIFTY31DEC26FUT"]
    assert await names(entities, expiry=date(2027, 1, 1)) == []


async def test_they_are_found_by_a_part_of_symbol_or_name_and_beginnings_come_first(
    entities: Entities, market: tuple[int, int]
) -> None:
    assert await names(entities, q="TA") == ["NSE:TATASTEEL", "NSE:TCS"]
    assert await names(entities, q="TEEL") == ["NSE:TATASTEEL"]
    assert await names(entities, q="FOSYS") == ["NSE:INFY"]
    assert await names(entities, q="%") == []
    assert await names(entities, q="T") == [
        "NSE:TATASTEEL",
        "NSE:TCS",
        "NFO:NIFTY26NOV2624500CE",
        "NFO:NIFTY31DEC26FUT",
        "NSE:NIFTY",
    ]


async def test_they_are_found_by_sector_and_those_of_a_retired_exchange_are_not_listed(
    entities: Entities, market: tuple[int, int]
) -> None:
    sector = await entities.sectors.add(SectorDraft("Software"))
    await entities.instruments.add(share(market[0], "WIPRO", sector_id=sector.id))
    assert await names(entities, sector_id=sector.id) == ["NSE:WIPRO"]
    await entities.exchanges.retire(market[0])
    assert len(await names(entities)) == 2
    assert len(await names(entities, include_inactive=True)) == 7


async def test_an_exchange_lists_a_symbol_once_and_another_one_may_list_it_too(
    entities: Entities, market: tuple[int, int]
) -> None:
    with pytest.raises(EntityClashError, match="lists an instrument of that symbol already"):
        await entities.instruments.add(share(market[0], "TCS"))
    assert (await entities.instruments.add(share(market[1], "TCS"))).instrument == "NFO:TCS"


_RUNS = count()

SYMBOLS = st.text("ABC1&", min_size=1, max_size=4)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    there=st.sets(SYMBOLS, max_size=25),
    coming=st.lists(st.tuples(st.integers(0, 8), SYMBOLS), max_size=8),
    limit=st.integers(1, 7),
    q=st.one_of(st.none(), st.sampled_from(["A", "B", "AB"])),
)
async def test_all_pages_together_are_the_list_in_order_also_while_rows_come_in(
    durable: DurableStore, there: set[str], coming: list[tuple[int, str]], limit: int, q: str | None
) -> None:
    entities = durable.entities
    exchange = await entities.exchanges.add(ExchangeDraft(f"X{next(_RUNS)}", "", "UTC"))
    for symbol in sorted(there):
        await entities.instruments.add(share(exchange.id, symbol))
    wanted = InstrumentFilter(exchange_id=exchange.id, q=q)
    seen, after, listed = list[str](), None, set(there)
    for number in count():
        page = await entities.instruments.page(limit, after, wanted)
        assert len(page.rows) == limit or page.after is None
        seen += [row.symbol for row in page.rows]
        after: Key | None = page.after
        if after is None:
            break
        for symbol in {symbol for at, symbol in coming if at == number} - listed:
            listed.add(symbol)
            await entities.instruments.add(share(exchange.id, symbol))
    in_order = sorted(
        (symbol for symbol in listed if (q or "") in symbol), key=lambda one: (not one.startswith(q or ""), one)
    )
    assert seen == [symbol for symbol in in_order if symbol in seen]
    assert {symbol for symbol in there if (q or "") in symbol} <= set(seen)
