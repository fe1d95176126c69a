"""What a run takes before anything starts, and what single commands find of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from config.settings import Settings
from engine.launcher.place import LaunchError, listen, noted_run
from engine.launcher.prepare import prepared
from engine.launcher.stores import reachable_stores
from engine.storage.errors import EmbeddedServerError

GIVEN: dict[str, Any] = {"redis_url": SecretStr("redis://host/0"), "database_url": SecretStr("postgresql://host/db")}


def test_given_servers_are_used_and_none_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings(**GIVEN, data_dir=tmp_path, port=0)
    with prepared(settings) as launch:
        assert launch.servers == []
        assert not {"REDIS_URL", "DATABASE_URL"} & set(
            launch.environment
        )  # our processes read the given ones themselves


def test_every_process_gets_the_same_key_engine_name_and_exchange(tmp_path: Path) -> None:
    with prepared(Settings(**GIVEN, data_dir=tmp_path, port=0)) as launch:
        environment = launch.environment
        assert len(environment["TICKTREE_SECRET_KEY"]) >= 32
        assert environment["TICKTREE_ENGINE_ID"]
        assert environment["WEB_CONCURRENCY"] == "1"
        assert launch.simulator_ports
        feed, rest = launch.simulator_ports
        assert environment["TICKTREE_SIMULATOR_FEED_URL"] == f"ws://127.0.0.1:{feed}"
        assert environment["TICKTREE_SIMULATOR_REST_URL"] == f"http://127.0.0.1:{rest}/v2"
        assert launch.url.endswith(f":{environment['PORT']}")


def test_each_further_simulated_provider_has_ports_that_all_processes_know(tmp_path: Path) -> None:
    settings = Settings(**GIVEN, data_dir=tmp_path, port=0, providers=("simulator", "simulator2"))
    with prepared(settings) as launch:
        told = launch.environment["TICKTREE_SIMULATOR_DOORS"]
        assert launch.simulator_doors == (told,)
        assert told.startswith("simulator2=")


def test_a_replay_has_one_clock_for_all_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2025, 12, 29, 3, 45, tzinfo=UTC)
    given = Settings(**GIVEN, data_dir=tmp_path, port=0, replay_start=start, replay_speed=20.0)
    with prepared(given) as launch:
        for name, value in launch.environment.items():
            monkeypatch.setenv(name, value)
    told = Settings(replay_speed=20.0)
    assert told.replay_start == start
    assert told.replay_began
    began_ns = int(told.replay_began.timestamp() * 1e6) * 1_000
    passed_ns = (told.replayed_ns(began_ns + 3_000_000_000) or 0) - int(start.timestamp()) * 1_000_000_000
    assert passed_ns == 60_000_000_000


def test_without_a_replay_the_machines_clock_serves(tmp_path: Path) -> None:
    with prepared(Settings(**GIVEN, data_dir=tmp_path, port=0)) as launch:
        assert not [name for name in launch.environment if name.startswith("TICKTREE_REPLAY_")]


def test_a_simulated_exchange_that_runs_already_is_used(tmp_path: Path) -> None:
    settings = Settings(
        **GIVEN,
        data_dir=tmp_path,
        port=0,
        simulator_feed_url="ws://127.0.0.1:1",
        simulator_rest_url="http://127.0.0.1:2/v2",
    )
    with prepared(settings) as launch:
        assert launch.simulator_ports is None


def test_a_taken_port_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        settings = Settings(data_dir=tmp_path / "data", port=taken.getsockname()[1])
        with pytest.raises(LaunchError, match="PORT: expected a free port"), prepared(settings):
            pass
    assert not (tmp_path / "data").exists()


def test_a_single_command_joins_the_run_that_is_on(data_folder: Path) -> None:
    settings = Settings(data_dir=data_folder / "data", port=0)
    with prepared(settings) as launch, reachable_stores(settings) as joined:
        assert joined.redis_url
        assert joined.redis_url.get_secret_value() == launch.environment["REDIS_URL"]
        assert joined.simulator_rest_url == launch.environment["TICKTREE_SIMULATOR_REST_URL"]
    assert noted_run(settings.data_dir) is None


def test_a_second_run_on_the_same_folder_is_refused_with_a_sentence(data_folder: Path) -> None:
    settings = Settings(data_dir=data_folder / "data", port=0)
    with prepared(settings), pytest.raises(EmbeddedServerError, match="ticktree runs already"), prepared(settings):
        pass


def test_without_a_run_a_single_command_starts_stores_of_its_own(data_folder: Path) -> None:
    with reachable_stores(Settings(data_dir=data_folder / "data")) as settings:
        assert settings.hot_url.endswith("/1")
        assert settings.durable_url.endswith("/ticktree_simulated")
