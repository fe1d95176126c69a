"""What is removed for good while an engine still has it: the others go on being saved."""

import pytest

from engine.storage.durable import DurableStore, SaveResult
from engine.storage.durable.entities import EntityInUseError, ExchangeEntity, InstrumentEntity
from tests.storage.durable.entities.conftest import share
from tests.storage.samples import NOW, bar

pytestmark = pytest.mark.anyio


async def test_candles_of_a_removed_instrument_are_left_out_and_keep_no_others_from_being_saved(
    durable: DurableStore, nse: ExchangeEntity, tcs: InstrumentEntity
) -> None:
    infy = await durable.entities.instruments.add(share(nse.id, "INFY"))
    assert await durable.listed(["NSE:TCS", "NSE:INFY"]) == {"NSE:TCS", "NSE:INFY"}
    await durable.save([bar("NSE:INFY", 3)])
    assert await durable.entities.instruments.remove(tcs.id)
    with pytest.raises(EntityInUseError, match="still referred to by price history intraday"):
        await durable.entities.instruments.remove(infy.id)

    saved = await durable.save([bar("NSE:TCS"), bar("NSE:INFY")], checkpoint_ns=NOW)
    assert saved == SaveResult(1, ("NSE:TCS",))
    assert len(await durable.candles("NSE:INFY", "1m", 0, NOW)) == 2
    assert await durable.checkpoint() == NOW


async def test_an_instrument_that_was_made_anew_gets_its_candles(
    durable: DurableStore, nse: ExchangeEntity, tcs: InstrumentEntity
) -> None:
    await durable.save([bar("NSE:TCS")], checkpoint_ns=NOW)
    draft = share(nse.id, "WIPRO")
    wipro = await durable.entities.instruments.add(draft)
    assert await durable.candles("NSE:WIPRO", "1m", 0, NOW) == []
    await durable.entities.instruments.remove(wipro.id)
    await durable.entities.instruments.add(draft)
    assert await durable.save([bar("NSE:WIPRO")]) == SaveResult(1)
