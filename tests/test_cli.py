"""The command line: help that teaches, errors as sentences with the right exit code, and a quick start."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from config import VERSION
from engine.cli import COMMANDS, ticktree
from engine.cli.plainly import leaves
from engine.launcher.place import listen, note_run
from engine.storage.durable import DurableStore
from tests.seeding.test_seeding import LINES
from tests.storage.durable.seeds import seeded

ROOT = Path(__file__).parent.parent


def run(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not re.match("TICKTREE_|REDIS_|DATABASE_", name)}
    return subprocess.run(
        [sys.executable, "-m", "engine", *arguments],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_help_names_every_command_and_shows_examples() -> None:
    text = CliRunner().invoke(ticktree, ["--help"]).output
    for command in COMMANDS:
        assert re.search(rf"(?m)^  {command} +\w", text)
    assert "ticktree backfill NSE:RELIANCE" in text
    assert "prepare" not in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_commands_help_says_what_it_does(command: str) -> None:
    result = CliRunner().invoke(ticktree, [command, "--help"])
    assert result.exit_code == 0
    assert len(result.output.split("\n\n")[1].strip()) > 10


def test_the_help_imports_nothing_that_only_a_run_needs() -> None:
    program = (
        "import sys; from engine.cli import ticktree; ticktree(['--help'], standalone_mode=False);"
        "print(sorted({'trio', 'pydantic', 'redis', 'asyncpg', 'alembic', 'dhanhq', 'quart'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_wrong_settings_end_with_a_sentence_and_exit_code_2(tmp_path: Path) -> None:
    result = run("run", folder=tmp_path, PORT="eighty")
    assert result.returncode == 2
    assert result.stderr == "PORT: expected a whole number from 0 to 65535, was 'eighty'.\n"


@pytest.mark.parametrize("role", ["engine", "web"])
def test_a_role_alone_asks_for_the_stores_it_needs(tmp_path: Path, role: str) -> None:
    result = run("run", "--role", role, folder=tmp_path)
    assert result.returncode == 2
    assert result.stderr == "REDIS_URL: expected the address of a server, was not set.\n"


def test_a_web_alone_asks_for_the_key_that_all_web_processes_share(tmp_path: Path) -> None:
    stores = {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": "postgresql://127.0.0.1:1/db"}
    result = run("run", "--role", "web", folder=tmp_path, **stores)
    assert result.returncode == 2
    assert result.stderr.startswith("TICKTREE_SECRET_KEY: expected at least 32 characters, the same for all")


def test_faults_that_can_not_be_read_are_a_sentence(tmp_path: Path) -> None:
    result = run("simulate", "--faults", "nonsense", folder=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("Error: ")
    assert "'nonsense'" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert run("version", folder=tmp_path).stdout == f"{VERSION}\n"


def test_the_errors_of_a_group_are_found_however_deep() -> None:
    errors = [OSError("a"), ValueError("b"), KeyError("c")]
    assert leaves(BaseExceptionGroup("x", [errors[0], BaseExceptionGroup("y", errors[1:])])) == errors


def test_a_web_alone_says_in_a_sentence_that_its_port_is_taken(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        stores = {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": "postgresql://127.0.0.1:1/db"}
        stores["TICKTREE_SECRET_KEY"] = "a-key-for-tests-only-and-long-enough"
        result = run("run", "--role", "web", "--port", port, folder=tmp_path, **stores)
    assert result.returncode == 1
    assert f"PORT: expected a free port, was {port}" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_engine_alone_says_in_a_sentence_that_its_store_is_away(tmp_path: Path) -> None:
    addresses = {
        "REDIS_URL": "redis://:hunter2@127.0.0.1:1/0",
        "DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/db",
        "TICKTREE_SIMULATOR_FEED_URL": "ws://127.0.0.1:1",
        "TICKTREE_SIMULATOR_REST_URL": "http://127.0.0.1:1/v2",
    }
    result = run("run", "--role", "engine", folder=tmp_path, **addresses)
    assert result.returncode == 1
    assert "Error: Redis is not available" in result.stderr
    assert "hunter2" not in result.stdout + result.stderr


def test_a_store_that_is_away_sends_one_to_the_doctor(tmp_path: Path) -> None:
    result = run("migrate", "status", folder=tmp_path, DATABASE_URL="postgresql://me:hunter2@127.0.0.1:1/db")
    assert result.returncode == 1
    assert "PostgreSQL is not available" in result.stderr
    assert "`ticktree doctor` looks closer" in result.stderr


def test_the_first_way_up_prints_the_admin_token_once(tmp_path: Path, empty_database_url: str) -> None:
    where = {"DATABASE_URL": empty_database_url, "REDIS_URL": "redis://127.0.0.1:1/0"}
    first, second = (run("migrate", "up", folder=tmp_path, **where) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert re.search(r"Admin token, shown only this once:  \S{32}", first.stdout)
    assert "Admin token" not in second.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        ((), {"TICKTREE_ADMIN_TOKEN": "a-token-of-my-own"}, "TICKTREE_ADMIN_TOKEN is set"),
        (("--role", "web"), {}, "only a run of everything makes one"),
    ],
)
def test_a_new_admin_token_that_would_not_be_made_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], sentence: str
) -> None:
    result = run("run", "--new-admin-token", *arguments, folder=tmp_path, **environment)
    assert result.returncode == 2
    assert sentence in result.stderr


def test_seeding_asks_the_exchange_of_the_run_that_is_on(tmp_path: Path) -> None:
    addresses = {
        "redis_url": "redis://127.0.0.1:1/0",
        "database_url": "postgresql://127.0.0.1:1/db",
        "simulator_rest_url": "http://127.0.0.1:1/v2",
    }
    note_run(tmp_path, addresses)
    result = run("seed", folder=tmp_path, TICKTREE_DATA_DIR=str(tmp_path))
    assert result.returncode == 1
    assert "list can not be had from http://127.0.0.1:1/instruments" in result.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"\x7fELF\xd0\xff", "this is no compact scrip master"), (None, "the list has none on NSX")],
)
def test_a_list_of_no_use_is_a_sentence(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    master = tmp_path / "master.csv"
    master.write_bytes("\n".join(LINES).encode() if content is None else content)
    result = run("seed", "--master", str(master), "--exchange", "NSX", folder=tmp_path)
    assert result.returncode in {1, 2}
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_a_backfill_of_nothing_asks_for_symbols(tmp_path: Path) -> None:
    result = run("backfill", "--from", "2026-11-02", folder=tmp_path)
    assert result.returncode == 2
    assert "name symbols, or --all" in result.stderr


def test_seeding_real_instruments_asks_for_their_list(tmp_path: Path) -> None:
    account = {"DHANHQ_WS_ENABLED": "1", "DHAN_CLIENT_ID": "1", "DHAN_ACCESS_TOKEN": "a-token"}
    result = run("seed", folder=tmp_path, **account)
    assert result.returncode == 2
    assert "--master api-scrip-master.csv" in result.stderr


def test_corporate_actions_of_a_file_are_taken_up_whole_or_not_at_all(tmp_path: Path, database_url: str) -> None:
    asyncio.run(_seeded(database_url))
    where = {"DATABASE_URL": database_url, "REDIS_URL": "redis://127.0.0.1:1/0", "TICKTREE_PROVIDERS": "yahoo"}
    file = tmp_path / "actions.csv"
    good = "symbol,ex_date,kind,ratio,amount\nNSE:TCS,2026-06-01,split,1:5,\nNSE:NOBODY,2026-06-01,dividend,,3\n"
    file.write_text(f"{good}NSE:TCS,2026-06-01,merger,,\n")
    refused = run("actions", str(file), folder=tmp_path, **where)
    assert (refused.returncode, "line 4: kind: expected split" in refused.stderr) == (1, True), refused.stderr
    file.write_text(good)
    taken, again = (run("actions", str(file), folder=tmp_path, **where) for _ in range(2))
    assert taken.stdout == "2 actions read, 1 of them new or changed.\n", taken.stderr
    assert "NSE:NOBODY is in no table" in taken.stderr
    assert again.stdout == "2 actions read, 0 of them new or changed.\n"


async def _seeded(url: str) -> None:
    durable = await DurableStore.connect(url)
    await seeded(durable)
    await durable.close()
