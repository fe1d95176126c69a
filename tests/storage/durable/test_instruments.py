"""Instruments and their mappings: seeding again is safe, and a reused token never points two ways."""

from datetime import date

import msgspec
import pytest

from engine.market.instrument import Instrument, InstrumentKind, OptionType
from engine.storage.durable import DurableStore, Exchange, MappedInstrument
from engine.storage.errors import DurableStoreError
from tests.storage.conftest import ON_POSTGRESQL
from tests.storage.durable.seeds import JANUARY, NSE, equity, mapping, seeded

pytestmark = pytest.mark.anyio

MARCH = date(2026, 3, 1)


async def tokens(store: DurableStore, day: date) -> dict[str, str]:
    return {row.instrument: row.provider_symbol for row in await store.routes("dhan", day)}


async def test_what_was_seeded_is_read_back(durable: DurableStore) -> None:
    option = Instrument(
        0, "NSE", "NIFTY26NOV2624500CE", "Nifty", InstrumentKind.OPTION, 0.05, 75, date(2026, 11, 26), 24500.0, OptionType.CALL, "NIFTY"
    )  # fmt: skip
    await durable.seed([NSE], [option, equity("TCS", name="Tata")], [])

    found = await durable.instruments()

    assert [msgspec.structs.replace(instrument, id=0) for instrument in found] == [option, equity("TCS", name="Tata")]
    assert len({instrument.id for instrument in found} - {0}) == 2
    assert await durable.instrument_names() == ["NSE:NIFTY26NOV2624500CE", "NSE:TCS"]


async def test_seeding_again_changes_only_what_changed(durable: DurableStore) -> None:
    await seeded(durable)
    before = await durable.instruments()
    await seeded(durable)
    assert await durable.instruments() == before

    await durable.seed([], [equity("TCS", tick_size=0.1)], [])

    assert [instrument.tick_size for instrument in await durable.instruments()] == [0.05, 0.05, 0.1]
    assert [instrument.id for instrument in await durable.instruments()] == [instrument.id for instrument in before]


async def test_routes_say_how_a_provider_knows_an_instrument(durable: DurableStore) -> None:
    await seeded(durable)
    assert (await durable.routes("dhan"))[1] == MappedInstrument("NSE:RELIANCE", "NSE_EQ", "1", 0.05, "equity", 1)
    assert await durable.routes("kite") == []


async def test_a_reused_token_ends_what_it_meant_before(durable: DurableStore) -> None:
    await seeded(durable)
    await durable.seed([], [equity("WIPRO")], [mapping("WIPRO", "2", MARCH), mapping("INFY", "77", MARCH)])

    assert await tokens(durable, JANUARY) == {"NSE:INFY": "0", "NSE:RELIANCE": "1", "NSE:TCS": "2"}
    assert await tokens(durable, MARCH) == {"NSE:INFY": "77", "NSE:RELIANCE": "1", "NSE:WIPRO": "2"}


async def test_two_instruments_may_swap_their_tokens(durable: DurableStore) -> None:
    await seeded(durable)
    await durable.seed([], [], [mapping("INFY", "1", MARCH), mapping("RELIANCE", "0", MARCH)])
    assert await tokens(durable, MARCH) == {"NSE:INFY": "1", "NSE:RELIANCE": "0", "NSE:TCS": "2"}


@ON_POSTGRESQL
async def test_expired_and_switched_off_instruments_have_no_route(durable: DurableStore) -> None:
    await seeded(durable)
    future = Instrument(0, "NSE", "X", "X", InstrumentKind.FUTURE, 0.05, expiry=MARCH, underlying="X")
    await durable.seed([], [future], [mapping("X", "9")])
    await durable._link.value("UPDATE instruments SET is_active = false WHERE symbol = 'TCS'")  # pyright: ignore[reportPrivateUsage]

    assert (await tokens(durable, MARCH)).keys() == {"NSE:INFY", "NSE:RELIANCE", "NSE:X"}
    assert (await tokens(durable, date(2026, 3, 2))).keys() == {"NSE:INFY", "NSE:RELIANCE"}
    assert "NSE:TCS" not in await durable.instrument_names()


async def test_the_stamp_tells_whether_anything_is_other_than_before(durable: DurableStore) -> None:
    stamps = [await durable.stamp()]
    await seeded(durable)
    stamps.append(await durable.stamp())
    await seeded(durable)
    await durable.seed([], [equity("TCS", tick_size=0.1)], [])
    stamps.append(await durable.stamp())
    await durable.seed([], [], [mapping("TCS", "77", MARCH)])
    stamps.append(await durable.stamp())
    assert len(set(stamps)) == 4
    await durable.seed([], [equity("TCS", tick_size=0.1)], [mapping("TCS", "77", MARCH)])
    assert await durable.stamp() == stamps[-1]


async def test_what_has_expired_is_retired_once_and_keeps_its_name(durable: DurableStore) -> None:
    await seeded(durable)
    future = Instrument(0, "NSE", "X01MAR26FUT", "X", InstrumentKind.FUTURE, 0.05, expiry=MARCH, underlying="X")
    await durable.seed([], [future], [mapping("X01MAR26FUT", "9")])
    assert await durable.retire_expired(MARCH) == 0
    assert await durable.retire_expired(date(2026, 3, 2)) == 1
    assert await durable.retire_expired(date(2026, 3, 2)) == 0

    assert "NSE:X01MAR26FUT" not in await durable.instrument_names()
    assert "NSE:X01MAR26FUT" in await durable.all_instrument_names()
    assert "NSE:X01MAR26FUT" not in await tokens(durable, MARCH)
    assert await durable.listed({"NSE:X01MAR26FUT", "NSE:TCS", "NSE:NOPE"}) == {"NSE:TCS"}
    await durable.seed([], [future], [mapping("X01MAR26FUT", "9")])
    assert "NSE:X01MAR26FUT" not in await durable.instrument_names(), "a list brings back nothing that was retired"


async def test_what_contracts_depended_on_is_followed_for_two_weeks_after_the_last_of_them(
    durable: DurableStore,
) -> None:
    await seeded(durable)
    for expiry, underlying in ((date(2026, 3, 31), "NIFTY"), (MARCH, "GOLD")):
        name = f"{underlying}{expiry:%d%b%y}FUT".upper()
        contract = Instrument(0, "NSE", name, name, InstrumentKind.FUTURE, 0.05, expiry=expiry, underlying=underlying)
        await durable.seed([], [contract], [])
    await durable.retire_expired(date(2026, 3, 2))
    assert await durable.followed_underlyings(date(2026, 3, 15)) == ["GOLD", "NIFTY"]
    assert await durable.followed_underlyings(date(2026, 3, 16)) == ["NIFTY"]


async def test_a_seed_with_a_mistake_changes_nothing(durable: DurableStore) -> None:
    with pytest.raises(DurableStoreError, match="exchanges that do not exist: BSE"):
        await durable.seed([NSE], [msgspec.structs.replace(equity("TCS"), exchange="BSE")], [])
    with pytest.raises(DurableStoreError, match="do not exist: NSE:NOPE"):
        await durable.seed([NSE], [equity("TCS")], [mapping("NOPE", "1")])
    with pytest.raises(DurableStoreError, match="mapping_of_a_token"):
        await durable.seed([NSE], [equity("TCS"), equity("INFY")], [mapping("TCS", "1"), mapping("INFY", "1")])
    assert await durable.instruments() == []


async def test_one_instrument_is_had_by_its_name(durable: DurableStore) -> None:
    await seeded(durable)
    found = await durable.instrument("NSE:TCS")
    assert found is not None
    assert (found.canonical, found.tick_size) == ("NSE:TCS", 0.05)
    assert await durable.instrument("NSE:NOPE") is None
    assert await durable.instrument("TCS") is None


async def test_instruments_are_found_by_a_part_of_their_symbol_or_name_the_likeliest_first(
    durable: DurableStore,
) -> None:
    index = msgspec.structs.replace(equity("NIFTY", name="Nifty 50"), kind=InstrumentKind.INDEX)
    await durable.seed(
        [NSE], [index, equity("NIFTYBEES"), equity("SETFNIFTY"), equity("TCS", name="Tata nifty Cs")], []
    )

    async def found(text: str, limit: int = 10, **only: str) -> list[str]:
        return [one.symbol for one in await durable.find_instruments(text, limit, **only)]

    assert await found("NIFTY") == ["NIFTY", "NIFTYBEES", "TCS", "SETFNIFTY"]
    assert await found("NIFTY", 2) == ["NIFTY", "NIFTYBEES"]
    assert await found("NIFTY", kind="index") == ["NIFTY"]
    assert await found("NIFTY", exchange="BSE") == []
    assert await found("") == ["TCS", "NIFTY", "NIFTYBEES", "SETFNIFTY"]
    assert await found("%") == []


async def test_the_contracts_on_an_instrument_are_those_of_its_exchange_s_segment_that_have_not_expired(
    durable: DurableStore,
) -> None:
    def contract(exchange: str, day: date, *, on: str = "NIFTY") -> Instrument:
        kind = InstrumentKind.FUTURE
        return Instrument(0, exchange, f"{on}{day:%d%b%y}FUT".upper(), "", kind, 0.05, 75, day, underlying=on)

    november, december = date(2026, 11, 24), date(2026, 12, 29)
    listed = [contract("NFO", day) for day in (december, november)]
    others = [contract("NFO", november, on="BANKNIFTY"), contract("BFO", november)]
    exchanges = [Exchange(code, code, "Asia/Kolkata") for code in ("NFO", "BFO")]
    await durable.seed(exchanges, [*listed, *others], [])

    asked = ["NSE:NIFTY", "BSE:NIFTY", "MCX:NIFTY"]
    found = {name: [one.canonical for one in told] for name, told in (await durable.contracts(asked, november)).items()}
    assert found == {
        "NSE:NIFTY": ["NFO:NIFTY24NOV26FUT", "NFO:NIFTY29DEC26FUT"],
        "BSE:NIFTY": ["BFO:NIFTY24NOV26FUT"],
        "MCX:NIFTY": [],
    }
    [later] = (await durable.contracts(["NSE:NIFTY"], date(2026, 11, 25)))["NSE:NIFTY"]
    assert later.canonical == "NFO:NIFTY29DEC26FUT"
    assert await durable.contracts([], november) == {}
