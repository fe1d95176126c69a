"""The vendor's own files through the gateway: what comes out at the end is what stands in them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import databento_dbn as dbn
import pytest
import trio

from engine.market.tick import Tick
from engine.providers.base import Advice, ProviderError, Route
from engine.providers.databento.account import DatabentoEndpoints
from engine.providers.databento.session import DatabentoFeed
from engine.providers.keyring import Credential, Keyring
from engine.providers.secret import Secret
from engine.providers.simulator.databento.files import FileGateway
from tests.providers.databento.streams import NOW, unpacked

KEY = "db-0123456789abcdefGHIJK"
FILES = {
    "EQUS.MINI/test_data.trades.dbn.zst": "QQQ",
    "GLBX.MDP3/test_data.tbbo.dbn.zst": "ESH1",
    "XNAS.ITCH/test_data.trades.dbn.zst": "NVDA",
    "futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst": "ESU4",
    "test_data.live.dbn.zst": "ESZ4",
}


@asynccontextmanager
async def playing(path: Path) -> AsyncGenerator[DatabentoEndpoints]:
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, FileGateway(path, key=KEY).serve_stream, 0, host="127.0.0.1")
        (listener,) = await nursery.start(serve)
        yield DatabentoEndpoints(gateway_url=f"tcp://127.0.0.1:{listener.socket.getsockname()[1]}")
        nursery.cancel_scope.cancel()


async def read_to_the_end(feed: DatabentoFeed, route: Route, ticks: list[Tick]) -> None:
    decoder = feed.decoder([route])
    with trio.fail_after(5):
        async with feed.connect([route]) as connection:
            while True:
                ticks += [tick for _, tick in decoder.decode(await connection.receive(), NOW)]


@pytest.mark.recorded
@pytest.mark.parametrize(("name", "symbol"), FILES.items())
async def test_a_recorded_file_comes_through_the_gateway_trade_by_trade(
    recordings: Path, name: str, symbol: str
) -> None:
    path, ticks = recordings / "databento" / name, list[Tick]()
    route = Route("CME:ES", "CME", symbol, 0.01, "future", target="it")
    async with playing(path) as endpoints:
        feed = DatabentoFeed(Keyring("databento", Credential("databento", Secret(KEY))), endpoints)
        with pytest.raises(ProviderError, match=r"closed|broke") as ended:
            await read_to_the_end(feed, route, ticks)

    records = [
        record
        for record in dbn.DBNDecoder().write_and_decode(unpacked(path))
        if isinstance(record, dbn.TradeMsg | dbn.MBP1Msg)
    ]
    assert ended.value.advice is Advice.RETRY
    assert [(tick.price, tick.size, tick.ts_event) for tick in ticks] == [
        (record.pretty_price, record.size, record.ts_event) for record in records
    ]


@pytest.mark.recorded
async def test_another_key_hears_nothing_of_a_file(recordings: Path) -> None:
    route = Route("CME:ES", "CME", "ESZ4", 0.01, "future")
    async with playing(recordings / "databento" / "test_data.live.dbn.zst") as endpoints:
        feed = DatabentoFeed(Keyring("databento", Credential("databento", Secret("another"))), endpoints)
        with pytest.raises(ProviderError) as refused:
            async with feed.connect([route]):
                pass
    assert refused.value.advice is Advice.NEW_TOKEN
