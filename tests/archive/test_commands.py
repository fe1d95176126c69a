"""``ticktree archive`` and ``ticktree restore``: days go out and come back, and what can not be done is said plainly."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.storage.durable import DurableStore
from tests.storage.durable.seeds import seeded
from tests.storage.samples import MINUTE_NS, bar

ROOT = Path(__file__).parent.parent.parent
MORNING = int(datetime(2026, 11, 20, 5, tzinfo=UTC).timestamp()) * 1_000_000_000
Run = Callable[..., subprocess.CompletedProcess[str]]


async def filled(url: str) -> None:
    store = await DurableStore.connect(url)
    await seeded(store)
    await store.save([bar("NSE:TCS", time=MORNING + number * MINUTE_NS) for number in range(5)])
    await store.close()


async def emptied(url: str) -> int:
    """How many minutes there were."""
    store = await DurableStore.connect(url)
    found = await store.candles("NSE:TCS", "1m", 0, MORNING + 10 * MINUTE_NS)
    await store._link.value("TRUNCATE price_history_intraday")
    await store.close()
    return len(found)


@pytest.fixture
def ticktree(redis_url: str, database_url: str, tmp_path: Path) -> Run:
    inherited = {name: value for name, value in os.environ.items() if not re.match("TICKTREE_|REDIS_|DATABASE_", name)}
    own = {"REDIS_URL": redis_url, "DATABASE_URL": database_url, "TICKTREE_PROVIDERS": "dhan", "PYTHONPATH": str(ROOT)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "engine", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env={**inherited, **own}, capture_output=True, text=True, timeout=50, check=False
        )

    return run


def test_days_go_out_and_come_back(ticktree: Run, database_url: str, tmp_path: Path) -> None:
    asyncio.run(filled(database_url))
    out = ticktree("archive", "--from", "2026-11-19", "--to", "2026-11-20", "--folder", "kept")
    assert (out.returncode, out.stdout.splitlines()[-1]) == (0, "5 rows in 2 days."), out.stderr
    assert (tmp_path / "kept" / "2026-11-20" / "manifest.json").exists()
    assert asyncio.run(emptied(database_url)) == 5
    back = ticktree("restore", "--from", "2026-11-01", "--folder", "kept")
    assert back.stdout.splitlines()[-1] == "5 rows are new or newer, of 2 days.", back.stderr
    assert asyncio.run(emptied(database_url)) == 5


def test_what_can_not_be_done_is_said_in_a_sentence(ticktree: Run) -> None:
    nothing = ticktree("restore", "--from", "2026-11-20")
    assert nothing.returncode == 1
    assert nothing.stderr.strip() == (
        "Error: The archive can not be used: it has none of these days; see TICKTREE_ARCHIVE_DIR, or name its --folder."
    )
    backwards = ticktree("archive", "--from", "2026-11-20", "--to", "2026-11-19")
    assert (backwards.returncode, "is before" in backwards.stderr) == (2, True)
