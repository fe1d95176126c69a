import pytest

from config.errors import SettingsError
from config.settings import Settings
from engine.doctor.providers import provider_findings
from engine.providers.base import ProviderError
from engine.providers.catalog import configured_providers, silent_provider
from engine.providers.simulator.options import DoorOptions
from engine.providers.yahoo.decoder import YahooDecoder
from tests.providers.simulator.markets import simulator
from tests.providers.yahoo.routes import APPLE


def test_yahoo_needs_no_account() -> None:
    provider = configured_providers(Settings(providers=("yahoo",)))["yahoo"]

    assert (provider.feed.name, provider.keyring) == ("yahoo", None)
    assert provider.history.limits.offers("1m")
    provider.history.close()


async def test_the_simulated_one_is_found_at_its_door() -> None:
    async with simulator(doors=(DoorOptions("simulator_yahoo"),), world=True) as running:
        address = running.addresses["simulator_yahoo"]
        feed, rest = (url.rpartition(":")[2] for url in (address.feed_url, address.rest_url))
        settings = Settings(
            providers=("simulator_yahoo",),
            simulator_feed_url=running.feed_url,
            simulator_rest_url=running.rest_url,
            simulator_doors=f"simulator_yahoo={feed}/{rest}",
        )
        provider = configured_providers(settings)["simulator_yahoo"]
        async with provider.feed.connect([APPLE]) as connection:
            frame = await connection.receive()
            ((_, tick),) = provider.feed.decoder([APPLE]).decode(frame, running.exchange.now_ns)
        assert tick.provider == "simulator_yahoo"
        assert await provider.history.last_prices([APPLE])
        provider.history.close()


def test_without_a_door_the_simulated_one_says_what_is_missing() -> None:
    with pytest.raises(SettingsError, match=r"TICKTREE_SIMULATOR_DOORS.*simulator_yahoo"):
        configured_providers(Settings(providers=("simulator_yahoo",)))


@pytest.mark.parametrize("name", ["yahoo", "simulator_yahoo"])
async def test_for_a_replay_it_reads_frames_and_connects_to_nothing(name: str) -> None:
    provider = silent_provider(name, Settings())

    assert isinstance(provider.feed.decoder([APPLE]), YahooDecoder)
    with pytest.raises(ProviderError):
        async with provider.feed.connect([APPLE]):
            pass


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_the_doctor_knows_it(anyio_backend: str) -> None:
    settings = Settings(providers=("yahoo",), yahoo_feed_url="ws://127.0.0.1:1", yahoo_rest_url="http://127.0.0.1:1")

    told = {finding.subject: finding async for finding in provider_findings(settings)}

    assert {"yahoo feed", "yahoo rest", "yahoo"} == set(told)
    assert "unofficial" in told["yahoo"].words
