"""Kite among the configured providers: its account, its mode, and the door that plays it."""

import pytest
from pydantic import SecretStr

from config.settings import Settings
from engine.doctor import Health
from engine.doctor.providers import provider_findings
from engine.launcher.place import free_port
from engine.providers.base import Advice, ProviderError, VolumeBasis
from engine.providers.catalog import configured_providers, silent_provider
from engine.providers.kite.decoder import KiteDecoder
from engine.providers.kite.login import API_SECRET
from engine.providers.provider import Provider
from engine.providers.simulator.options import SIMULATED_TOKEN


def kite(**options: object) -> Provider:
    settings = Settings(providers=("kite",), kite_api_key="key", **options)  # pyright: ignore[reportArgumentType]
    return configured_providers(settings)["kite"]


def test_the_account_of_the_settings_is_in_force_until_the_morning() -> None:
    provider = kite(kite_access_token=SecretStr("today"), kite_api_secret=SecretStr("secret"))

    assert provider.keyring is not None
    credential = provider.keyring.current
    assert (credential.identity, credential.token.reveal()) == ("key", "today")
    assert credential.expires_ns is not None
    assert credential.more[API_SECRET].reveal() == "secret"


def test_without_a_token_one_is_asked_for_when_it_is_needed() -> None:
    provider = kite()

    assert provider.keyring is not None
    with pytest.raises(ProviderError) as raised:
        _ = provider.keyring.current
    assert raised.value.advice is Advice.NEW_TOKEN


@pytest.mark.parametrize(
    ("mode", "volume", "depth"),
    [("ltp", VolumeBasis.NONE, 0), ("quote", VolumeBasis.SESSION, 0), ("full", VolumeBasis.SESSION, 5)],
)
def test_the_mode_has_kites_own_name(mode: str, volume: VolumeBasis, depth: int) -> None:
    can = kite(kite_ws_mode=mode).feed.capabilities

    assert (can.volume, can.depth) == (volume, depth)


def test_the_exchange_plays_kite_at_a_door_of_its_own() -> None:
    settings = Settings(
        providers=("simulator_kite",),
        simulator_feed_url="ws://127.0.0.1:1",
        simulator_rest_url="http://127.0.0.1:2/v2",
        simulator_doors="simulator_kite=3/4",
    )

    provider = configured_providers(settings)["simulator_kite"]

    assert provider.feed.name == "simulator_kite"
    assert provider.keyring is not None
    assert provider.keyring.current.token.reveal() == SIMULATED_TOKEN


@pytest.mark.parametrize("name", ["kite", "simulator_kite"])
def test_recorded_frames_are_read_without_an_account(name: str) -> None:
    provider = silent_provider(name, Settings())

    assert isinstance(provider.feed.decoder([]), KiteDecoder)
    assert provider.feed.name == name


@pytest.mark.anyio
@pytest.mark.parametrize(("token", "words"), [(None, "entered while the engine runs"), ("t", "six in the morning")])
async def test_the_doctor_looks_for_kite_and_tells_of_its_token(token: str | None, words: str) -> None:
    settings = Settings(
        providers=("kite",),
        kite_api_key="key",
        kite_access_token=None if token is None else SecretStr(token),
        kite_feed_url=f"ws://127.0.0.1:{free_port()}",
        kite_rest_url=f"http://127.0.0.1:{free_port()}",
    )

    found = [finding async for finding in provider_findings(settings)]

    told = {finding.subject: finding for finding in found}
    assert {told[name].health for name in ("kite feed", "kite rest")} == {Health.WRONG}
    assert words in told["kite token"].words


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
