"""The settings: every wrong one stops the start with a sentence that helps, and no sentence shows a secret."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from config.errors import SettingsError
from config.loading import load_settings, variables
from config.settings import Settings
from config.settings.providers import PROVIDERS


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("TICKTREE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def complaint(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value)


def test_without_any_setting_the_simulated_exchange_runs_on_port_8000() -> None:
    settings = load_settings()
    assert settings.providers == ("simulator",)
    assert settings.simulated
    assert settings.port == 8000


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PORT=1111\nLOG_LEVEL=debug\n")
    monkeypatch.setenv("PORT", "2222")
    settings = load_settings()
    assert settings.port == 2222
    assert settings.log_level == "DEBUG"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "")
    assert load_settings().redis_url is None


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "http", "PORT: expected a whole number from 0 to 65535, was 'http'."),
        ("PORT", "70000", "PORT: expected a whole number from 0 to 65535, was '70000'."),
        (
            "TICKTREE_SAVE_INTERVAL_MINUTES",
            "often",
            "TICKTREE_SAVE_INTERVAL_MINUTES: expected a whole number of minutes from 1 to 1440, was 'often'.",
        ),
        ("LOG_FORMAT", "xml", "LOG_FORMAT: expected console or json, was 'xml'."),
        ("TICKTREE_PUBLIC_FEED", "perhaps", "TICKTREE_PUBLIC_FEED: expected true or false, was 'perhaps'."),
        (
            "TICKTREE_REPLAY_START",
            "2025-12-29T09:15:00",
            (
                "TICKTREE_REPLAY_START: expected a time with its zone such as 2025-12-29T09:15:00+05:30, "
                "was '2025-12-29T09:15:00'."
            ),
        ),
        (
            "TICKTREE_PROVIDERS",
            "bloomberg",
            (
                f"TICKTREE_PROVIDERS: expected one or more of {', '.join(PROVIDERS[:-1])} and {PROVIDERS[-1]}, "
                "separated by commas, was 'bloomberg'."
            ),
        ),
    ],
)
def test_a_bad_value_is_one_sentence_with_its_name_what_was_expected_and_what_was_given(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    assert complaint(monkeypatch, **{name: value}) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TICKTREE_ADMIN_TOKEN", "hunter2"),
        ("TICKTREE_SECRET_KEY", "hunter2"),
        ("DATABASE_URL", "mysql://root:hunter2@host/db"),
        ("REDIS_URL", "http://:hunter2@host/0"),
        ("REDIS_URL", "redis://:hunter2@host/prices"),
        ("REDIS_URL", "redis://:hunter2@host/0?db=prices"),
        ("REDIS_URL", "redis://:hunter2@host:port/0"),
        ("DATABASE_URL", "postgresql://root:hunter2@host:port/db"),
        ("DATABASE_URL", "postgresql://root:hunter2@host:5432,other:70000/db"),
        ("DHAN_ACCESS_TOKEN", "hunter2 copied with a blank"),
    ],
)
def test_the_sentence_about_a_secret_does_not_show_it(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    sentence = complaint(monkeypatch, **{name: value})
    assert sentence.startswith(f"{name}: expected ")
    assert "hunter2" not in sentence


@pytest.mark.parametrize(
    "address", ["https://host", "wss://", "wss://host:port", "wss://host:70000", "wss://host/", "wss://host?token=1"]
)
def test_an_endpoint_that_nobody_can_connect_to_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    sentence = complaint(monkeypatch, DHAN_FEED_URL=address)
    assert sentence == f"DHAN_FEED_URL: expected an address such as wss://host, was {address!r}."


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("REDIS_URL", "rediss://user:word@[::1]:6379/4?ssl_cert_reqs=none"),
        ("REDIS_URL", "unix:///tmp/redis.sock?db=2"),
        ("DATABASE_URL", "postgresql://user:word@one:5432,two:5433/market?target_session_attrs=primary"),
        ("DATABASE_URL", "postgresql:///ticktree?host=/tmp/pg"),
        ("DHAN_FEED_URL", "wss://127.0.0.1:8443/feed"),
    ],
)
def test_addresses_in_all_their_forms_are_taken(monkeypatch: pytest.MonkeyPatch, name: str, address: str) -> None:
    monkeypatch.setenv(name, address)
    settings = load_settings()
    given = settings.redis_url, settings.database_url, settings.dhan_feed_url
    assert address in [one.get_secret_value() if isinstance(one, SecretStr) else one for one in given]


def test_an_unknown_name_gets_the_nearest_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = complaint(monkeypatch, TICKTREE_SAVE_INTERVALL_MINUTES="5")
    assert sentence == (
        "TICKTREE_SAVE_INTERVALL_MINUTES: expected a known setting, did you mean TICKTREE_SAVE_INTERVAL_MINUTES?"
    )


def test_a_prefix_too_many_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert complaint(monkeypatch, TICKTREE_PORT="1") == "TICKTREE_PORT: expected a known setting, did you mean PORT?"


def test_an_unknown_name_in_the_file_stops_the_start_too() -> None:
    Path(".env").write_text("TICKTREE_COLOUR=blue\n")
    with pytest.raises(SettingsError, match="TICKTREE_COLOUR: expected a known setting"):
        load_settings()


def test_names_that_only_the_tests_read_are_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKTREE_TEST_TIMESERIES_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("TICKTREE_RECORDINGS", "recordings")
    assert load_settings().simulated


def test_each_wrong_variable_gets_its_own_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(complaint(monkeypatch, PORT="x", LOG_FORMAT="y").splitlines()) == 2


def test_simulated_and_real_providers_never_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "never mix" in complaint(monkeypatch, TICKTREE_PROVIDERS="simulator,dhan")


def test_dhan_may_be_on_before_anybody_has_entered_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DHANHQ_WS_ENABLED", "true")
    assert load_settings().providers == ("dhan",)


def test_a_token_without_the_client_it_belongs_to_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = complaint(monkeypatch, TICKTREE_PROVIDERS="dhan", DHAN_ACCESS_TOKEN="a-long-token")
    assert wrong.startswith("DHAN_CLIENT_ID: expected")


def test_what_a_provider_needs_that_does_not_run_is_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DHAN_ACCESS_TOKEN", "a-long-token")
    monkeypatch.setenv("KITE_ACCESS_TOKEN", "token")
    assert load_settings().simulated


def test_kites_token_is_nothing_without_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = complaint(monkeypatch, TICKTREE_PROVIDERS="kite", KITE_ACCESS_TOKEN="token")
    assert wrong.startswith("KITE_API_KEY: expected together")


def test_the_short_way_to_dhan_configures_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DHANHQ_WS_ENABLED", "1")
    monkeypatch.setenv("DHAN_CLIENT_ID", "1000000001")
    monkeypatch.setenv("DHAN_ACCESS_TOKEN", "a-long-token")
    settings = load_settings()
    assert settings.providers == ("dhan",)
    assert not settings.simulated


@pytest.mark.parametrize(
    ("given", "simulated"),
    [
        ("redis://host:6379", "redis://host:6379/1"),
        ("redis://:word@host:6379/2", "redis://:word@host:6379/3"),
        ("unix:///tmp/redis.sock", "unix:///tmp/redis.sock?db=1"),
        ("redis://host/0?db=4", "redis://host/0?db=5"),
    ],
)
def test_simulated_prices_live_one_redis_index_higher(given: str, simulated: str) -> None:
    assert Settings(redis_url=SecretStr(given)).hot_url == simulated


@pytest.mark.parametrize(
    ("given", "simulated"),
    [
        ("postgresql://user:word@host:5432/market?sslmode=require", "/market_simulated?sslmode=require"),
        ("postgresql:///ticktree?host=/tmp/pg", "postgresql:///ticktree_simulated?host=/tmp/pg"),
    ],
)
def test_simulated_history_lives_in_a_database_of_its_own(given: str, simulated: str) -> None:
    assert Settings(database_url=SecretStr(given)).durable_url.endswith(simulated)


def test_real_data_lives_where_the_settings_say() -> None:
    settings = Settings(
        providers=("dhan",),
        dhan_client_id="1",
        dhan_access_token=SecretStr("a-long-token"),
        redis_url=SecretStr("redis://host/0"),
        database_url=SecretStr("postgresql://host/market"),
    )
    assert settings.hot_url == "redis://host/0"
    assert settings.durable_url == "postgresql://host/market"


def test_a_store_that_was_not_given_is_asked_for_by_name() -> None:
    with pytest.raises(SettingsError, match="REDIS_URL: expected"):
        _ = Settings().hot_url


def test_the_settings_are_frozen_and_their_text_shows_no_secret() -> None:
    settings = Settings(admin_token=SecretStr("a-token-nobody-may-see"))
    with pytest.raises(ValidationError):
        settings.port = 1  # pyright: ignore[reportAttributeAccessIssue]
    assert "nobody" not in repr(settings)


def test_the_doors_of_a_simulated_exchange_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "TICKTREE_SIMULATOR_FEED_URL": "ws://10.0.0.1:1",
        "TICKTREE_SIMULATOR_REST_URL": "http://10.0.0.1:2/v2",
        "TICKTREE_SIMULATOR_DOORS": "simulator2=3/4, simulator_kite=5/6",
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.simulator_door("simulator_kite") == ("10.0.0.1", 5, 6)
    assert settings.simulator_door("simulator_yahoo") is None


def test_doors_without_ports_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    told = complaint(monkeypatch, TICKTREE_SIMULATOR_DOORS="simulator2")
    assert told == "TICKTREE_SIMULATOR_DOORS: expected name=port/port, separated by commas, was 'simulator2'."


def test_whose_an_account_is_is_said_by_an_id_that_nobody_can_register(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "`ticktree users list`" in str(Settings.model_fields["account_owners"].description)
    refused = complaint(monkeypatch, TICKTREE_ACCOUNT_OWNERS="dhan=ann@example.org")
    assert "expected providers with users' ids such as dhan=u0123456789abcdef" in refused
    monkeypatch.setenv("TICKTREE_ACCOUNT_OWNERS", "dhan=u0123456789abcdef")
    assert load_settings().owner_of_account == {"dhan": "u0123456789abcdef"}
