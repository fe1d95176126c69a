"""Doors: one market, several providers, each with ports, faults, record and counting of its own."""

import pytest
import trio

from engine.market.tick import Tick
from engine.providers.base import Mode, Route
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.rest import DhanHistory
from engine.providers.dhan.session import DhanFeed
from engine.providers.keyring import Keyring
from engine.providers.simulator.dhan.speech import DhanSpeech
from engine.providers.simulator.faults import FaultKind, Faults, parse_faults
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN, DoorOptions, SimulatorOptions
from engine.providers.simulator.server import Simulator, open_exchange
from engine.providers.simulator.subscriber import Subscriber
from engine.providers.simulator.vendors import DoorError, vendor
from tests.providers.simulator.markets import get, post, simulator
from tests.providers.simulator.test_exchange import Setting

CREDENTIALS = Keyring.holding("dhan", SIMULATED_CLIENT_ID, SIMULATED_TOKEN)
RELIANCE = Route("NSE:RELIANCE", "NSE_EQ", "2885", 0.1, "equity")
AHEAD = 1_000_000


def two_providers(**options: object) -> dict[str, object]:
    return {"instruments": 10, "ticks_per_second": 200, "doors": (DoorOptions("simulator2"),), **options}


def endpoints(running: Simulator, name: str) -> DhanEndpoints:
    address = running.addresses[name]
    return DhanEndpoints(address.feed_url, address.rest_url)


async def first_tick(running: Simulator, name: str) -> Tick:
    feed = DhanFeed(CREDENTIALS, endpoints(running, name), name=name)
    decoder = feed.decoder([RELIANCE])
    with trio.fail_after(10):
        async with feed.connect([RELIANCE]) as connection:
            while True:
                for _, tick in decoder.decode(await connection.receive(), running.exchange.now_ns):
                    return tick


async def test_each_provider_has_addresses_of_its_own_and_health_tells_them() -> None:
    async with simulator(**two_providers()) as running:
        told = (await get(running, "/health"))["doors"]

        for name in ("simulator", "simulator2"):
            assert told[name]["address"]["feed_url"] == running.addresses[name].feed_url
        assert len({address.feed_url for address in running.addresses.values()}) == 2


async def test_both_tell_the_same_market_and_each_counts_volume_its_own_way() -> None:
    doors = (DoorOptions("simulator2", volume_offset=AHEAD),)
    async with simulator(**two_providers(doors=doors, speed=0.001)) as running:
        ticks = [await first_tick(running, name) for name in running.addresses]
        quotes = [
            await DhanHistory(CREDENTIALS, endpoints(running, name)).quotes([RELIANCE]) for name in running.addresses
        ]

    volumes = {tick.provider: tick.volume or 0 for tick in ticks}
    assert volumes["simulator2"] - volumes["simulator"] == AHEAD
    assert len({tick.price for tick in ticks}) == 1
    assert {quote["NSE:RELIANCE"].volume for quote in quotes} == set(volumes.values())


async def test_a_fault_at_one_door_is_not_felt_at_another() -> None:
    doors = (DoorOptions("simulator2", faults="stall+9999,refuse+9999"),)
    async with simulator(**two_providers(doors=doors)) as running:
        assert (await first_tick(running, "simulator")).price > 0
        assert running.exchange.doors["simulator2"].fails(FaultKind.STALL)


async def test_a_command_names_the_door_it_is_for() -> None:
    async with simulator(**two_providers()) as running:
        await post(running, "/control", {"provider": "simulator2", "faults": "refuse+99", "volume_offset": AHEAD})
        nobody = await post(running, "/control", {"provider": "nobody"})

        doors = running.exchange.doors
        assert doors["simulator2"].volume_offset == AHEAD
        assert [bool(doors[name].faults.planned()) for name in ("simulator", "simulator2")] == [False, True]
        assert nobody.status_code == 400


async def test_an_instrument_is_followed_until_the_last_door_has_left_it() -> None:
    setting = Setting()
    other = setting.exchange.open("other", DhanSpeech())
    client = other.subscriber()
    setting.subscribe(2, Mode.QUOTE)
    other.subscribe(client, 2, Mode.QUOTE)
    setting.door.leave(setting.subscriber)
    await client.take()

    setting.run(30)

    assert client.pending > 0
    assert other.statistics().trades > setting.door.statistics().trades == 0


async def test_a_halt_planned_at_any_door_is_true_of_the_market() -> None:
    setting = Setting()
    setting.exchange.open("other", DhanSpeech(), faults=Faults(schedule=parse_faults("halt+9999")))
    setting.subscribe(2, Mode.QUOTE)
    await setting.received()

    setting.run(60)

    assert await setting.received() == []


async def test_an_answer_goes_before_the_packets_that_wait() -> None:
    subscriber = Subscriber(DhanSpeech())
    subscriber.put([b"a", b"b"])
    subscriber.say("hello")

    assert [await subscriber.take(), await subscriber.take()] == ["hello", b"ab"]


def test_the_world_is_listed_behind_all_others_and_is_not_carried_by_dhan() -> None:
    plain, wide = (open_exchange(SimulatorOptions(instruments=20, world=world)) for world in (False, True))

    assert wide.market.listings[:20] == plain.market.listings
    elsewhere = wide.market.listings[20:]
    assert {"COMEX:GC", "CME:ES", "NASDAQ:AAPL", "NYSE:KO"} <= {listing.instrument for listing in elsewhere}
    assert not any(wide.doors["simulator"].speech.route(listing) for listing in elsewhere)
    index = len(plain.market.listings)
    trade = wide.market.last(index, wide.now_ns)
    assert trade is not None
    assert trade.price == pytest.approx(wide.market.listings[index].price, rel=0.1)


def test_an_unknown_door_is_refused_with_those_there_are() -> None:
    with pytest.raises(DoorError, match="one of simulator, simulator2"):
        vendor("nobody")
