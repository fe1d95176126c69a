"""The doctor: what is well and what is wrong, in plain words, each look within a few seconds."""

import base64
import json
import socket
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.loading import variables
from config.settings import Settings
from engine.doctor import Finding, Health, examine, explanations
from engine.doctor.place import calendars, data_folder
from engine.doctor.providers import provider_findings, token_finding
from engine.doctor.stores import database_findings, postgres_version, redis_findings, table_finding
from engine.launcher.place import free_port

NOW_S = 1_800_000_000.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def words(findings: list[Finding]) -> str:
    return "\n".join(f"{finding.health} {finding.subject}: {finding.words}" for finding in findings)


def token(expires_s: float) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"exp": expires_s}).encode()).decode().rstrip("=")
    return f"header.{payload}.signature"


def test_every_setting_is_explained_with_its_value_and_without_its_secret() -> None:
    account = {"dhan_client_id": "1", "dhan_access_token": SecretStr("hunter2")}
    settings = Settings(port=8123, public_feed=True, google_client_id=None, **account)  # pyright: ignore[reportArgumentType]
    explained = {explanation.variable: explanation for explanation in explanations(settings)}
    assert list(explained) == list(variables())
    assert explained["PORT"].value == "8123"
    assert explained["TICKTREE_PUBLIC_FEED"].value == "true"
    assert explained["TICKTREE_PROVIDERS"].value == "simulator"
    assert explained["GOOGLE_CLIENT_ID"].value == "not set"
    assert explained["DHAN_ACCESS_TOKEN"].value == "set (not shown, it is a secret)"
    assert all(explanation.meaning and explanation.takes for explanation in explained.values())


@pytest.mark.parametrize("mode", [0o755, 0o740, 0o701])
def test_a_data_folder_open_to_others_is_wrong_and_says_how_to_mend_it(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    first = next(data_folder(tmp_path))
    assert first.health is Health.WRONG
    assert first.words.endswith(f"chmod 700 {tmp_path}")


@pytest.mark.parametrize("mode", [0o700, 0o710])
def test_a_private_data_folder_is_well_and_its_disk_is_measured(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    folder, disk = data_folder(tmp_path)
    assert folder.health is Health.WELL
    assert "GB are free" in disk.words


def test_a_data_folder_that_does_not_exist_yet_is_no_fault(tmp_path: Path) -> None:
    assert [finding.health for finding in data_folder(tmp_path / "none")] == [Health.NOTE]


def test_calendars_say_when_their_holidays_run_out() -> None:
    assert {finding.health for finding in calendars(date(2026, 1, 5))} == {Health.WELL}
    december = {finding.subject: finding.health for finding in calendars(date(2026, 12, 20))}
    assert (december["calendar MCX"], december["calendar NYSE"]) == (Health.NOTE, Health.WELL)
    january = words([finding for finding in calendars(date(2027, 1, 5)) if finding.health is Health.WRONG])
    assert "calendar NSE: The NSE calendar has ended (2026-12-31)" in january
    assert "NYSE" not in january


def test_a_token_says_how_long_it_lives() -> None:
    assert token_finding(token(NOW_S + 7200), NOW_S) == Finding(
        "dhan token", Health.WELL, "lives for another 2.0 hours."
    )
    ended = token_finding(token(NOW_S - 3600), NOW_S)
    assert ended.health is Health.WRONG
    assert ended.words.startswith("ended 1.0 hours ago: put a new one into DHAN_ACCESS_TOKEN")


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a.%%%.c", "a.bm8.c"])
def test_a_token_that_says_nothing_is_only_noted(text: str) -> None:
    assert token_finding(text, NOW_S).health is Health.NOTE


@pytest.mark.anyio
async def test_a_server_that_is_not_there_is_wrong_without_its_password() -> None:
    port = free_port()
    findings = [finding async for finding in redis_findings(f"redis://:hunter2@127.0.0.1:{port}/0")]
    findings += [finding async for finding in database_findings(f"postgresql://me:hunter2@127.0.0.1:{port}/db")]
    assert [finding.health for finding in findings] == [Health.WRONG, Health.WRONG]
    assert "Check REDIS_URL" in words(findings)
    assert "Check DATABASE_URL" in words(findings)
    assert "hunter2" not in words(findings)


@pytest.mark.anyio
async def test_real_stores_are_well_and_in_step_with_our_clock(redis_url: str, database_url: str) -> None:
    findings = [finding async for finding in redis_findings(redis_url)]
    findings += [finding async for finding in database_findings(database_url)]
    assert Health.WRONG not in {finding.health for finding in findings}
    assert "Valkey" in words(findings)
    assert "PostgreSQL" in words(findings)
    assert words(findings).count("ours.") == 2
    assert "newest form" in words(findings)


@pytest.mark.anyio
async def test_tables_that_lag_behind_are_noted(empty_database_url: str) -> None:
    finding = await table_finding(empty_database_url)
    assert finding.health is Health.NOTE
    assert "ticktree migrate up" in finding.words


@pytest.mark.anyio
async def test_a_provider_that_can_be_reached_is_well_and_a_closed_port_is_wrong() -> None:
    with socket.create_server(("127.0.0.1", 0)) as feed:
        settings = Settings(
            simulator_feed_url=f"ws://127.0.0.1:{feed.getsockname()[1]}",
            simulator_rest_url=f"http://127.0.0.1:{free_port()}/v2",
        )
        findings = [finding async for finding in provider_findings(settings)]
    assert [finding.health for finding in findings] == [Health.WELL, Health.WRONG]
    assert "can not be reached" in findings[1].words


@pytest.mark.anyio
async def test_a_name_that_nobody_knows_is_a_matter_of_dns() -> None:
    settings = Settings(
        simulator_feed_url="ws://nobody.invalid:1",
        simulator_rest_url="http://nobody.invalid:1",
    )
    findings = [finding async for finding in provider_findings(settings)]
    assert all("nobody.invalid can not be resolved" in finding.words for finding in findings)


@pytest.mark.anyio
async def test_the_whole_examination_of_a_fresh_installation_finds_nothing_wrong(
    redis_url: str, postgres: str, tmp_path: Path
) -> None:
    settings = Settings(
        redis_url=SecretStr(redis_url.rpartition("/")[0] + "/0"),
        database_url=SecretStr(postgres),
        data_dir=tmp_path / "none",
    )
    findings = [finding async for finding in examine(settings, embedded=True)]
    assert Health.WRONG not in {finding.health for finding in findings}
    assert "does not exist: ticktree migrate up makes it" in words(findings)


def test_a_postgresql_that_is_too_old_is_named_before_a_migration_fails_on_it() -> None:
    assert postgres_version(18, "18.1").health is Health.WELL
    finding = postgres_version(13, "13.22 (Debian)")
    assert (finding.health, finding.words) == (Health.WRONG, "is PostgreSQL 13.22 (Debian): 14 or newer is needed.")
