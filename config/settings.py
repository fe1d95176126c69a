"""The settings: one frozen object with everything that may differ between two installations."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.addresses import is_endpoint, is_redis, parts_of
from config.errors import SettingsError
from config.places import simulated_database, simulated_redis

SIMULATED = ("simulator", "simulator2")
"""Two providers played by one simulated exchange; the second has a record of its own and is asked for what the first lacks."""
PROVIDERS = (*SIMULATED, "dhan")
"""The providers this version knows."""


def setting(name: str, description: str, expected: str, **field: Any) -> Any:
    """A field with its variable's name, its line in the README and the words for what it takes."""
    return Field(validation_alias=name, description=description, json_schema_extra={"expected": expected}, **field)


def _split(value: object) -> object:
    """``a, b`` as a list: how a variable writes several names."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _known_providers(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or not set(names) <= set(PROVIDERS):
        raise ValueError("unknown provider")
    return names


def _text(value: SecretStr | str) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _address(*schemes: str, fits: Callable[[SplitResult], bool] = lambda _: True) -> AfterValidator:
    """Accepts addresses of these schemes that a program can connect to."""

    def check(value: SecretStr | str) -> SecretStr | str:
        parts = parts_of(_text(value))
        if parts.scheme not in schemes or not fits(parts):
            raise ValueError("no such address")
        return value

    return AfterValidator(check)


def _sendable(value: SecretStr | str) -> SecretStr | str:
    """What can not stand in a header would end the engine instead of the start."""
    if not all("!" <= character <= "~" for character in _text(value)):
        raise ValueError("blank or unprintable")
    return value


def _default_providers(data: Mapping[str, Any]) -> tuple[str, ...]:
    return ("dhan",) if data.get("dhanhq_ws_enabled") else ("simulator",)


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Providers = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_known_providers)]
FeedUrl = Annotated[str, _address("ws", "wss", fits=is_endpoint)]
RestUrl = Annotated[str, _address("http", "https", fits=is_endpoint)]
RedisUrl = Annotated[SecretStr, _address("redis", "rediss", "unix", fits=is_redis)]
DatabaseUrl = Annotated[SecretStr, _address("postgres", "postgresql")]
ClientId = Annotated[str, AfterValidator(_sendable)]
AccessToken = Annotated[SecretStr, AfterValidator(_sendable)]

_SAVE_GRACE_S = 120
"""For a save to begin, be done, and be tried again."""


class Settings(BaseSettings):
    """Read from arguments, then the environment, then `.env`; `config.loading` turns what is wrong into sentences."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    redis_url: RedisUrl | None = setting(
        "REDIS_URL",
        "Redis or Valkey server to use; without it an embedded one is started.",
        "an address such as redis://host:6379/0",
        default=None,
    )
    database_url: DatabaseUrl | None = setting(
        "DATABASE_URL",
        "PostgreSQL server to use, 14 or newer; without it an embedded one is started.",
        "an address such as postgresql://user@host:5432/ticktree",
        default=None,
    )
    data_dir: Path = setting(
        "TICKTREE_DATA_DIR",
        "Folder of the embedded stores and of the secret key, for you alone (mode 0700).",
        "a folder's path",
        default=Path(".ticktree"),
    )
    host: str = setting(
        "TICKTREE_HOST",
        "Address the web listens on; `0.0.0.0` for every one the machine has.",
        "a host name or address",
        default="127.0.0.1",
    )
    port: int = setting(
        "PORT",
        "Port the web listens on; 0 takes a free one.",
        "a whole number from 0 to 65535",
        default=8000,
        ge=0,
        le=65535,
    )
    web_concurrency: int = setting(
        "WEB_CONCURRENCY",
        "Number of web processes.",
        "a whole number from 1 to 64",
        default=1,
        ge=1,
        le=64,
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)] = setting(
        "LOG_LEVEL", "Lowest level that is logged.", "DEBUG, INFO, WARNING or ERROR", default="INFO"
    )
    log_format: Literal["console", "json"] = setting(
        "LOG_FORMAT", "How log lines look.", "console or json", default="console"
    )
    dhanhq_ws_enabled: bool = setting(
        "DHANHQ_WS_ENABLED",
        "Use Dhan's live feed: the short way to write `TICKTREE_PROVIDERS=dhan`.",
        "true or false",
        default=False,
    )
    dhanhq_ws_mode: Literal["ticker", "quote", "full"] = setting(
        "DHANHQ_WS_MODE",
        "What Dhan sends per instrument; `ticker` has no volume, candles then count ticks and say so.",
        "ticker, quote or full",
        default="quote",
    )
    dhan_client_id: ClientId | None = setting(
        "DHAN_CLIENT_ID", "Dhan's client id.", "a client id without blanks", default=None
    )
    dhan_access_token: AccessToken | None = setting(
        "DHAN_ACCESS_TOKEN", "Dhan's access token.", "an access token without blanks", default=None
    )
    dhan_feed_url: FeedUrl = setting(
        "DHAN_FEED_URL", "Dhan's live feed.", "an address such as wss://host", default="wss://api-feed.dhan.co"
    )
    dhan_rest_url: RestUrl = setting(
        "DHAN_REST_URL",
        "Dhan's REST service.",
        "an address such as https://host/v2",
        default="https://api.dhan.co/v2",
    )
    databento_relay_url: FeedUrl = setting(
        "DATABENTO_RELAY_URL",
        "Relay of Databento's live feed (no provider of this version uses it yet).",
        "an address such as wss://host/path",
        default="wss://clitools.app/ws/databento",
    )
    providers: Providers = setting(
        "TICKTREE_PROVIDERS",
        "Providers to run, the preferred one first; the simulated exchange when none is configured.",
        "one or more of simulator, simulator2 and dhan, separated by commas",
        default_factory=_default_providers,
    )
    limits_file: Path | None = setting(
        "TICKTREE_LIMITS",
        "Own limits for the jumps of prices and the wicks of bars, over those of `config/limits.toml`.",
        "the path of a TOML file",
        default=None,
    )
    default_exchanges: Names = setting(
        "TICKTREE_DEFAULT_EXCHANGES",
        "Where a bare symbol is looked for, in this order.",
        "exchange codes, separated by commas",
        default=("NSE", "BSE", "NFO", "MCX", "NASDAQ", "NYSE", "CME", "COMEX", "NYMEX"),
    )
    save_interval_minutes: int = setting(
        "TICKTREE_SAVE_INTERVAL_MINUTES",
        "Minutes between two saves to PostgreSQL.",
        "a whole number of minutes from 1 to 1440",
        default=5,
        ge=1,
        le=1440,
    )
    hot_retention_days: int = setting(
        "TICKTREE_HOT_RETENTION_DAYS",
        "Days that Redis keeps candles.",
        "a whole number of days from 1 to 365",
        default=7,
        ge=1,
        le=365,
    )
    record_frames: bool = setting(
        "TICKTREE_RECORD_FRAMES",
        "Whether the engine keeps what it hears from providers in files, which `ticktree replay` lives through again.",
        "true or false",
        default=False,
    )
    record_dir: Path | None = setting(
        "TICKTREE_RECORD_DIR",
        "Folder of these files; `recordings` in TICKTREE_DATA_DIR when not given.",
        "a folder's path",
        default=None,
    )
    record_rotate_mb: int = setting(
        "TICKTREE_RECORD_ROTATE_MB",
        "Megabytes after which, or else after an hour, the next file begins.",
        "a whole number of megabytes from 1 to 4096",
        default=64,
        ge=1,
        le=4096,
    )
    record_keep_days: int = setting(
        "TICKTREE_RECORD_KEEP_DAYS",
        "Days that these files are kept; 0 keeps them for ever.",
        "a whole number of days from 0 to 3650",
        default=7,
        ge=0,
        le=3650,
    )
    initial_history: Annotated[Literal["off", "asked", "all"], BeforeValidator(str.lower)] = setting(
        "TICKTREE_INITIAL_HISTORY",
        "Whose year before the first start is read from the provider: of symbols whose chart is `asked` for, of `all`, "
        "or of none (`off`). A year is up to 150,000 candles and a handful of calls a symbol.",
        "off, asked or all",
        default="asked",
    )
    secret_key: SecretStr | None = setting(
        "TICKTREE_SECRET_KEY",
        "Signs sessions, the same for all web processes; `ticktree run` makes one and keeps it in the data folder when it "
        "is not given, a web process on its own needs it.",
        "at least 32 characters",
        default=None,
        min_length=32,
    )
    admin_token: SecretStr | None = setting(
        "TICKTREE_ADMIN_TOKEN",
        "The administrator's token; when not given one is made and printed once, and only its hash is kept.",
        "at least 16 characters",
        default=None,
        min_length=16,
    )
    public_url: RestUrl | None = setting(
        "TICKTREE_PUBLIC_URL",
        "Address that browsers know the web by: signing in with Google comes back to it, and cookies are for HTTPS only "
        "where it is one.",
        "an address such as https://ticks.example.org",
        default=None,
    )
    trusted_proxies: int = setting(
        "TICKTREE_TRUSTED_PROXIES",
        "Proxies of yours before the web; so many addresses of `X-Forwarded-For` are believed. Behind one, 0 takes all "
        "clients for the proxy.",
        "a whole number from 0 to 10",
        default=0,
        ge=0,
        le=10,
    )
    allowed_origins: Names = setting(
        "TICKTREE_ALLOWED_ORIGINS",
        "Other origins whose pages may open a socket; the server's own always may.",
        "origins such as https://example.org, separated by commas",
        default=(),
    )
    public_feed: bool = setting(
        "TICKTREE_PUBLIC_FEED",
        "Whether prices and candles may be read without a token, rate-limited.",
        "true or false",
        default=False,
    )
    allow_registration: bool = setting(
        "TICKTREE_ALLOW_REGISTRATION",
        "Whether strangers may make an account; otherwise `ticktree users add` does.",
        "true or false",
        default=True,
    )
    google_client_id: str | None = setting(
        "GOOGLE_CLIENT_ID",
        "For signing in with Google.",
        "a client id",
        default=None,
    )
    google_client_secret: SecretStr | None = setting(
        "GOOGLE_CLIENT_SECRET", "The secret that belongs to it.", "a client secret", default=None
    )
    engine_id: str | None = setting(
        "TICKTREE_ENGINE_ID",
        "This engine's name in its lease: one that starts again under its name has the lease back at once.",
        "a name",
        default=None,
    )
    replay_start: AwareDatetime | None = setting(
        "TICKTREE_REPLAY_START",
        "Where the engine's clock starts, to replay a recording.",
        "a time with its zone such as 2025-12-29T09:15:00+05:30",
        default=None,
    )
    replay_speed: float = setting(
        "TICKTREE_REPLAY_SPEED",
        "How many times faster than real that clock goes.",
        "a number above 0",
        default=1.0,
        gt=0,
    )
    replay_began: AwareDatetime | None = setting(
        "TICKTREE_REPLAY_BEGAN",
        "When, on the machine's clock, that clock showed its start; `ticktree run` tells it to all its processes.",
        "a time with its zone such as 2026-11-20T10:00:00+05:30",
        default=None,
    )
    simulator_instruments: int = setting(
        "TICKTREE_SIMULATOR_INSTRUMENTS",
        "Instruments the simulated exchange lists.",
        "a whole number from 1 to 25000",
        default=200,
        ge=1,
        le=25_000,
    )
    simulator_ticks_per_s: float = setting(
        "TICKTREE_SIMULATOR_TICKS_PER_S",
        "Ticks a second over all of them.",
        "a number above 0",
        default=400.0,
        gt=0,
    )
    simulator_seed: int = setting(
        "TICKTREE_SIMULATOR_SEED", "The same seed gives the same market.", "a whole number", default=1
    )
    simulator_faults: str = setting(
        "TICKTREE_SIMULATOR_FAULTS",
        "Faults by schedule; `ticktree simulate --help` shows how to write them.",
        "a schedule of faults",
        default="",
    )
    simulator_feed_url: FeedUrl | None = setting(
        "TICKTREE_SIMULATOR_FEED_URL",
        "Feed of a simulated exchange that runs already (`ticktree simulate`); otherwise one is started.",
        "an address such as ws://host:port",
        default=None,
    )
    simulator_rest_url: RestUrl | None = setting(
        "TICKTREE_SIMULATOR_REST_URL",
        "REST service of the same.",
        "an address such as http://host:port/v2",
        default=None,
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for complaint in _disagreements(self):
            raise ValueError(complaint)
        return self

    @property
    def simulated(self) -> bool:
        """Whether all data comes from the simulated exchange."""
        return set(self.providers) <= set(SIMULATED)

    def replayed_ns(self, now_ns: int) -> int | None:
        """What a replay's clock shows when the machine's shows ``now_ns``, both UTC; ``None`` without a replay.

        All processes agree on it, also one that starts again in between.
        """
        if self.replay_start is None:
            return None
        passed_ns = 0 if self.replay_began is None else now_ns - _ns(self.replay_began)
        return _ns(self.replay_start) + int(passed_ns * self.replay_speed)

    @property
    def saved_after_ns(self) -> int:
        """How old a minute is when it has been saved for certain; younger ones are left to the writers: nobody races them."""
        return (self.save_interval_minutes * 60 + _SAVE_GRACE_S) * 1_000_000_000

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
    def signing_key(self) -> str:
        """What sessions are signed with; SettingsError when there is none."""
        if self.secret_key is None:
            raise SettingsError(
                "TICKTREE_SECRET_KEY: expected at least 32 characters, the same for all web processes, was not set; "
                "`openssl rand -base64 48` makes a good one."
            )
        return self.secret_key.get_secret_value()

    @property
    def durable_url(self) -> str:
        """Where the durable store is: simulated data lives in a database of its own."""
        url = _given(self.database_url, "DATABASE_URL")
        return simulated_database(url) if self.simulated else url


def _ns(time: datetime) -> int:
    return int(time.timestamp() * 1e6) * 1_000  # a datetime knows microseconds, a float no more


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
    if "dhan" in settings.providers and not settings.dhan_client_id:
        yield "DHAN_CLIENT_ID: expected a client id, because the provider dhan is on, was not set."
    if "dhan" in settings.providers and not settings.dhan_access_token:
        yield "DHAN_ACCESS_TOKEN: expected an access token, because the provider dhan is on, was not set."
    if (settings.simulator_feed_url is None) != (settings.simulator_rest_url is None):
        yield "TICKTREE_SIMULATOR_FEED_URL: expected together with TICKTREE_SIMULATOR_REST_URL, was only one of them."
