import pytest
from pydantic import SecretStr, ValidationError

from config.settings import Settings
from engine.doctor.providers import provider_findings
from engine.providers.base import Advice, ProviderError, Route
from engine.providers.catalog import configured_providers, silent_provider
from engine.providers.databento.decoder import DatabentoDecoder
from engine.providers.simulator.options import DoorOptions
from tests.providers.databento.streams import GOLD, NOW, begin, trade
from tests.providers.simulator.markets import simulator

RELAYED = Route("COMEX:GC", "COMEX", "GC", 0.1, "future", target="gold")


def test_the_key_of_the_settings_is_in_force_and_is_not_shown() -> None:
    settings = Settings(providers=("databento",), databento_api_key=SecretStr("db-canary"))
    provider = configured_providers(settings)["databento"]

    assert provider.keyring is not None
    assert provider.keyring.current.token.reveal() == "db-canary"
    assert "canary" not in f"{settings!r} {provider!r} {provider.keyring.current!r}"


async def test_without_a_key_an_operator_is_asked_for_one() -> None:
    provider = configured_providers(Settings(providers=("databento",)))["databento"]

    with pytest.raises(ProviderError) as raised:
        await provider.history.minutes(GOLD, NOW, NOW + 1)
    assert raised.value.advice is Advice.NEW_TOKEN


@pytest.mark.parametrize("url", ["wss://host", "tcp://", "tcp://host/path", "host:13000"])
def test_a_gateway_s_address_is_checked(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(databento_gateway_url=url)


async def test_the_simulated_one_is_found_at_its_door() -> None:
    async with simulator(doors=(DoorOptions("simulator_databento"),), world=True) as running:
        address = running.addresses["simulator_databento"]
        feed, rest = (url.removesuffix("/v0").rpartition(":")[2] for url in (address.feed_url, address.rest_url))
        settings = Settings(
            providers=("simulator_databento",),
            simulator_feed_url=running.feed_url,
            simulator_rest_url=running.rest_url,
            simulator_doors=f"simulator_databento={feed}/{rest}",
        )
        provider = configured_providers(settings)["simulator_databento"]
        async with provider.feed.connect([GOLD]) as connection:
            assert (await connection.receive()).startswith(b"DBN")
        prices = await provider.history.last_prices([GOLD])

    assert prices["COMEX:GC"] > 0


@pytest.mark.parametrize("name", ["databento", "simulator_databento"])
async def test_for_a_replay_it_reads_frames_and_connects_to_nothing(name: str) -> None:
    provider = silent_provider(name, Settings())
    decoder = provider.feed.decoder([GOLD])

    assert isinstance(decoder, DatabentoDecoder)
    assert [tick.provider for _, tick in decoder.decode(begin("GC.c.0") + trade(), NOW)] == [name]
    with pytest.raises(ProviderError):
        async with provider.feed.connect([GOLD]):
            pass


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_the_doctor_knows_it(anyio_backend: str) -> None:
    settings = Settings(
        providers=("databento",), databento_gateway_url="tcp://127.0.0.1:1", databento_rest_url="http://127.0.0.1:1/v0"
    )

    told = {finding.subject: finding async for finding in provider_findings(settings)}

    assert set(told) == {"databento EQUS.MINI", "databento GLBX.MDP3", "databento rest", "databento key"}
    assert "DATABENTO_API_KEY" in told["databento key"].words


async def test_the_simulated_relay_is_found_at_its_door() -> None:
    async with simulator(doors=(DoorOptions("simulator_relay"),), world=True) as running:
        port = running.addresses["simulator_relay"].feed_url.rpartition(":")[2]
        settings = Settings(
            providers=("simulator_relay",),
            simulator_feed_url=running.feed_url,
            simulator_rest_url=running.rest_url,
            simulator_doors=f"simulator_relay={port}/{port}",
        )
        provider = configured_providers(settings)["simulator_relay"]
        async with provider.feed.connect([RELAYED]) as connection:
            assert b"tick" in await connection.receive()
        prices = await provider.history.last_prices([RELAYED])

    assert provider.keyring is None
    assert prices["COMEX:GC"] > 0


@pytest.mark.parametrize("name", ["databento_relay", "simulator_relay"])
def test_for_a_replay_the_relay_reads_frames(name: str) -> None:
    decoder = silent_provider(name, Settings()).feed.decoder([RELAYED])

    told = decoder.decode(b'{"type": "tick", "symbol": "GC", "price": 4081.5, "size": 1}', NOW)
    assert [tick.provider for _, tick in told] == [name]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_the_doctor_knows_the_relay(anyio_backend: str) -> None:
    settings = Settings(providers=("databento_relay",), databento_relay_url="ws://127.0.0.1:1/x")

    assert [finding.subject async for finding in provider_findings(settings)] == ["databento relay"]
