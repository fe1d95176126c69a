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
from engine.providers.databento.history import DatabentoHistory
from engine.providers.databento.session import DatabentoFeed
from engine.providers.keyring import Credential, Keyring
from engine.providers.secret import Secret
from engine.providers.simulator.databento.files import FileGateway
from engine.providers.simulator.databento.recording import DbnError
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.recordings import read_recording
from engine.providers.simulator.server import Simulator, serve
from engine.providers.simulator.vendors import Address
from tests.providers.databento.streams import NOW, SECOND, unpacked

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
        gateway = partial(trio.serve_tcp, FileGateway(path, key=KEY).serve_stream, 0, host="127.0.0.1")
        (listener,) = await nursery.start(gateway)
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


DOOR = "simulator_databento"
TRADED = {
    "futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst": ("CME:ES", "ES.c.0", 0.25),
    "XNAS.ITCH/test_data.tbbo.dbn.zst": ("NASDAQ:NVDA", "NVDA", 0.01),
}


@pytest.mark.recorded
@pytest.mark.parametrize(("name", "instrument", "symbol", "tick_size"), [(n, *what) for n, what in TRADED.items()])
async def test_a_recorded_file_is_traded_again_by_the_whole_exchange(
    recordings: Path, name: str, instrument: str, symbol: str, tick_size: float
) -> None:
    path = recordings / "databento" / name
    records = [
        record
        for record in dbn.DBNDecoder().write_and_decode(unpacked(path))
        if isinstance(record, dbn.TradeMsg | dbn.MBP1Msg)
    ]
    first_ns, last_ns = records[0].ts_event, records[-1].ts_event
    route = Route(instrument, instrument.partition(":")[0], symbol, tick_size, "future", target="it")
    options = SimulatorOptions(recordings=(path,), start_ns=last_ns + 1, doors=(DoorOptions(DOOR),))
    ticks: list[Tick] = []
    async with trio.open_nursery() as nursery:
        simulator: Simulator = await nursery.start(serve, options)
        address = simulator.addresses[DOOR]
        keyring, endpoints = Keyring.holding(DOOR, "", options.token), DatabentoEndpoints(*address_of(address))
        feed = DatabentoFeed(keyring, endpoints, clock=lambda: last_ns)
        decoder = feed.decoder([route])
        async with feed.connect([route], since_ns=first_ns) as connection:
            with trio.fail_after(5):
                while len(ticks) < len(records):
                    ticks += [tick for _, tick in decoder.decode(await connection.receive(), NOW)]
        history = DatabentoHistory(keyring, endpoints, clock=lambda: last_ns)
        candles = await history.minutes(route, first_ns - 60 * SECOND, last_ns)
        nursery.cancel_scope.cancel()

    assert [(tick.price, tick.size, tick.ts_event) for tick in ticks] == [
        (record.pretty_price, record.size, record.ts_event) for record in records
    ]
    assert sum(candle.volume for candle in candles) == sum(record.size for record in records)
    assert candles[0].open == records[0].pretty_price
    assert candles[-1].close == records[-1].pretty_price


def address_of(address: Address) -> tuple[str, str]:
    return address.feed_url, address.rest_url


@pytest.mark.recorded
def test_a_file_without_trades_can_not_be_traded_again(recordings: Path, tmp_path: Path) -> None:
    with pytest.raises(DbnError, match="no trades"):
        read_recording(recordings / "databento" / "EQUS.MINI" / "test_data.ohlcv-1m.dbn.zst")
    (tmp_path / "x.dbn").write_bytes(b"no DBN at all")
    with pytest.raises(DbnError, match="no DBN"):
        read_recording(tmp_path / "x.dbn")
