"""The settings: one frozen object with everything that may differ between two installations."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import SecretStr, model_validator

from config.errors import SettingsError
from config.places import simulated_database, simulated_redis
from config.settings.access import Access
from config.settings.after_hours import AfterHours
from config.settings.alerts import Alerts
from config.settings.chains import Chains
from config.settings.credentials import Credentials
from config.settings.failover import Failover
from config.settings.kite import Kite
from config.settings.market import Market
from config.settings.processes import Processes
from config.settings.providers import SIMULATED, Providers
from config.settings.recording import Recording
from config.settings.replay import Replay
from config.settings.simulator import Simulator
from config.settings.stores import Stores


class Settings(
    Simulator,
    Replay,
    Recording,
    Alerts,
    Access,
    AfterHours,
    Chains,
    Market,
    Failover,
    Credentials,
    Kite,
    Providers,
    Processes,
    Stores,
):
    """Read from arguments, then the environment, then `.env`; `config.loading` turns what is wrong into sentences.

    The README's table tells the last group first.
    """

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for complaint in _disagreements(self):
            raise ValueError(complaint)
        return self

    @property
    def archives(self) -> Path:
        """Where days are archived."""
        return self.archive_dir or self.data_dir / "archive"

    @property
    def recordings(self) -> Path:
        """Where frames are recorded."""
        return self.record_dir or self.data_dir / "recordings"

    @property
    def hot_url(self) -> str:
        """Where the hot store is: simulated data lives one Redis index above real data."""
        url = _given(self.redis_url, "REDIS_URL")
        return simulated_redis(url) if self.simulated else url

    @property
    def durable_url(self) -> str:
        """Where the durable store is: simulated data lives in a database of its own."""
        url = _given(self.database_url, "DATABASE_URL")
        return simulated_database(url) if self.simulated else url


def _given(url: SecretStr | None, name: str) -> str:
    if url is None:
        raise SettingsError(f"{name}: expected the address of a server, was not set.")
    return url.get_secret_value()


def _disagreements(settings: Settings) -> Iterator[str]:
    """What is right one by one and wrong together."""
    if not settings.simulated and set(settings.providers) & set(SIMULATED):
        yield "TICKTREE_PROVIDERS: expected simulator alone (simulated and real data never mix), was with others."
    if settings.dhanhq_ws_enabled and "dhan" not in settings.providers:
        yield "DHANHQ_WS_ENABLED: expected dhan among TICKTREE_PROVIDERS when it is true, was not there."
    if "dhan" in settings.providers and settings.dhan_access_token and not settings.dhan_client_id:
        yield "DHAN_CLIENT_ID: expected together with DHAN_ACCESS_TOKEN, was not set."
    if "kite" in settings.providers and settings.kite_access_token and not settings.kite_api_key:
        yield "KITE_API_KEY: expected together with KITE_ACCESS_TOKEN, was not set."
    if (settings.simulator_feed_url is None) != (settings.simulator_rest_url is None):
        yield "TICKTREE_SIMULATOR_FEED_URL: expected together with TICKTREE_SIMULATOR_REST_URL, was only one of them."
