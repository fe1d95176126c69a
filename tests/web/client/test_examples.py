"""The examples do what they say, against a real web process."""

import ast
import asyncio
import inspect
import json
import os
import sys
import types
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from engine.market import Candle
from engine.market.candle import CandleState
from engine.storage.hot import HotStore
from tests.web.engine import MINUTE, Engine, candle
from tests.web.process import TOKEN, Web, until

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"


@asynccontextmanager
async def running(web: Web, name: str, *arguments: str) -> AsyncGenerator[Process]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "URL": f"http://127.0.0.1:{web.port}", "TOKEN": TOKEN}
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", str(EXAMPLES / name), *arguments, env=environment, stdout=PIPE
    )
    try:
        yield program
    finally:
        if program.returncode is None:
            program.kill()
        await program.wait()


async def line(program: Process) -> str:
    assert program.stdout is not None
    with anyio.fail_after(30):
        return (await program.stdout.readline()).decode().strip()


async def until_followed(web: Web) -> None:
    await until(lambda: web.services.hub.statistics().topics > 0, 30)


def recent(count: int) -> list[Candle]:
    """Closed minutes of the last half hour."""
    last = datetime.now(UTC).replace(second=0, microsecond=0)
    first_ns = int(last.timestamp()) * 1_000_000_000 - 30 * MINUTE
    prices = range(1, count + 1)
    return [
        Candle(
            "NSE:RELIANCE", "1m", first_ns + n * MINUTE, n, n, n, n, 10, state=CandleState("final"), source="simulator"
        )
        for n in prices
    ]


async def test_candles_are_printed_as_they_close(web: Web, engine: Engine) -> None:
    assert len((EXAMPLES / "candles.py").read_text().splitlines()) <= 20
    async with running(web, "candles.py", "NSE:RELIANCE", "1m") as program:
        await until_followed(web)
        await engine.close(candle(0, 2.5), candle(0, 3.5, state="revised", revision=1))
        assert await line(program) == "11:27 final 2.5 of 10"
        assert await line(program) == "11:27 revised 3.5 of 10"


async def test_history_becomes_a_table(web: Web, hot: HotStore) -> None:
    await hot.write_candles(recent(3))
    async with running(web, "pandas_history.py", "NSE:RELIANCE", "1m") as program:
        assert program.stdout is not None
        with anyio.fail_after(30):
            printed = (await program.stdout.read()).decode().splitlines()
        assert await program.wait() == 0
    assert printed[0].split() == ["open", "high", "low", "close", "volume", "state"]
    assert [row.split()[-2:] for row in printed[2:5]] == [["10", "final"]] * 3
    assert printed[5].startswith("missing from ")
    assert printed[-1] == "not complete"


async def test_every_cell_of_the_notebook_runs(
    web: Web, engine: Engine, hot: HotStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("URL", f"http://127.0.0.1:{web.port}")
    monkeypatch.setenv("TOKEN", TOKEN)
    await hot.write_candles(recent(20))
    notebook = json.loads((EXAMPLES / "notebook.ipynb").read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code"] == [[]] * len(code)

    async def trade() -> None:
        await until_followed(web)
        await engine.close(*(candle(minute, float(minute)) for minute in range(3)))

    names: dict[str, object] = {}
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trade)
        for number, cell in enumerate(code):
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            compiled = compile(cell, f"cell {number}", "exec", flags=flags)
            result = types.FunctionType(compiled, names)()
            if inspect.isawaitable(result):
                with anyio.fail_after(30):
                    await result
    assert "20 candles" in capsys.readouterr().out
    assert names["holes"] == []
