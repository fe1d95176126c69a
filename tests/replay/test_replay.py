"""A recorded day lived through again gives the very same candles, verdicts and messages, whoever's turn comes first."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from config.settings import Settings
from engine.market import Candle
from engine.recording import Answer, Frame, Lost, Opened, read_files
from engine.recording.blocks import Damage
from engine.replay import Listener, Stage, replay
from engine.replay.digest import standing
from engine.runtime import ShuffledTurns
from engine.storage.packing import unpack_map
from tests.replay.live import SPEED, LiveRun, recorded

QUIET = Settings(providers=("simulator",))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> tuple[LiveRun, list[Path]]:
    """An engine that had a bad day, and its recording."""
    folder = tmp_path_factory.mktemp("recording")
    return trio.run(_eventful, folder), sorted(folder.iterdir())


async def _eventful(folder: Path) -> LiveRun:
    async with recorded(folder) as run:
        await run.cut("close")
        await run.disturb("duplicate+0.5")
        await run.disturb("reorder+0.5")
        await run.cut("disconnect=800")
        await run.lose_history()
        await run.minutes(2)
    return run


@pytest.mark.slow
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_a_replay_makes_what_the_live_engine_made(live: tuple[LiveRun, list[Path]], seed: int | None) -> None:
    run, files = live

    summary, stage = replay(files, QUIET, turns=None if seed is None else ShuffledTurns(seed))

    assert _candles(stage) == _candles(run)
    assert trio.run(told, stage) == trio.run(told, run)
    assert stage.durable.tables.verdicts == run.durable.tables.verdicts
    assert summary.digest == trio.run(run.digest)
    assert (summary.holes, summary.unanswered, summary.runs) == (0, 0, 1)


@pytest.mark.slow
def test_the_day_that_is_replayed_had_all_that_makes_a_replay_hard(live: tuple[LiveRun, list[Path]]) -> None:
    run, files = live
    records = list(read_files(files, damaged=_undamaged))
    kinds = [type(record) for record in records]

    assert kinds.count(Opened) == run.simulator.exchange.doors["simulator"].statistics().connections >= 4
    assert kinds.count(Lost) >= 3
    assert kinds.count(Answer) > 10
    assert kinds.count(Frame) > 200
    assert any(isinstance(record, Answer) and record.failure for record in records), "the history failed, too"
    assert len(run.durable.tables.replaced) > 10, "heals revised what was told"


@pytest.mark.slow
def test_a_torn_recording_is_replayed_up_to_the_tear_and_says_so(
    live: tuple[LiveRun, list[Path]], tmp_path: Path
) -> None:
    _, [file] = live
    torn = tmp_path / "torn.ticks"
    torn.write_bytes(file.read_bytes()[:-5_000])
    told: list[str] = []

    summary, _ = replay(
        [torn], QUIET, Listener(damaged=lambda path, damage: told.append(f"{path.name}: {damage.what}"))
    )

    assert summary.candles > 0
    assert summary.holes == len(told) == 1
    assert "torn.ticks" in told[0]
    assert "cut off" in told[0]


@pytest.mark.slow
def test_at_ten_times_its_pace_a_replay_takes_a_tenth_of_the_time(
    live: tuple[LiveRun, list[Path]], tmp_path: Path
) -> None:
    run, files = live
    summary, _ = replay(files, QUIET, speed=10.0)
    real_s = (summary.last_ns - summary.first_ns) / 1e9 / SPEED
    assert summary.took_s > real_s / 10 * 0.9
    assert summary.digest == trio.run(run.digest)


def _undamaged(path: Path, damage: Damage) -> None:
    pytest.fail(f"{path.name}: {damage.what}")


async def told(run: LiveRun | Stage) -> dict[str, list[Any]]:
    """What clients were told, by what they subscribed to."""
    streams: dict[str, list[Any]] = {}
    for _, packed in await run.hot.read_events("0-0", 100_000):
        event = unpack_map(packed)
        if event["kind"] == "candle":
            candle = event["candle"]
            row = candle["time"] // 60_000, candle["rev"], candle["state"], candle["close"], candle["volume"]
            streams.setdefault(f"{event['symbol']} {event['timeframe']}", []).append(row)
        elif event["kind"] == "status" and "feed" in event:
            streams.setdefault(event["feed"], []).append(event["status"])
    return streams


def _candles(run: LiveRun | Stage) -> dict[tuple[str, str, int], Candle]:
    """Without the times of publication, which are those of each run."""
    return {
        (candle.instrument, candle.timeframe, candle.time): msgspec.structs.replace(candle, published_ns=0)
        for candle in standing(run.durable)
    }
