"""What a replay made can be kept, in stores where no engine lives."""

from pathlib import Path

import pytest
import trio

from benchmarks.recording import made_recording
from config.settings import Settings
from engine.recording import MixedDataError
from engine.replay import Stage, replay
from engine.replay.keeping import keep
from engine.storage.memory import MemoryDurableStore, MemoryHotStore

QUIET = Settings(providers=("simulator",))
FOR_EVER = 2**62


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A replay that has ended: three instruments, three minutes."""
    folder = tmp_path_factory.mktemp("recording")
    file = made_recording(folder, instruments=3, seconds=200, ticks_per_s=10, per_frame=5)
    summary, stage = replay([file], QUIET)
    assert (summary.ticks, summary.holes, summary.unanswered) == (198 * 10, 0, 0)
    return stage


def stores(stage: Stage) -> tuple[MemoryHotStore, MemoryDurableStore]:
    return MemoryHotStore(stage.hot.link.space.now_ns), MemoryDurableStore()


def test_candles_verdicts_and_instruments_are_kept_and_a_repeat_changes_nothing(stage: Stage) -> None:
    hot, durable = stores(stage)

    async def twice() -> None:
        kept = await keep(stage, hot, durable)
        assert kept == await keep(stage, hot, durable)
        names = [f"NSE:S{number}" for number in range(3)]
        assert await durable.instrument_names() == names
        for timeframe in ("1m", "1d"):
            made = await stage.durable.candles_many(names, timeframe, 0, FOR_EVER)
            assert made
            assert await durable.candles_many(names, timeframe, 0, FOR_EVER) == made
            assert await hot.candles_many(names, timeframe, 0, FOR_EVER) == made
        assert await durable.verdicts(names, 0, FOR_EVER) == await stage.durable.verdicts(names, 0, FOR_EVER)

    trio.run(twice)


def test_stores_that_an_engine_lives_in_are_refused(stage: Stage) -> None:
    hot, durable = stores(stage)

    async def refused() -> None:
        await durable.save([], checkpoint_ns=1)
        with pytest.raises(MixedDataError, match="has saved into"):
            await keep(stage, hot, durable)
        await hot.acquire_lease("somebody", 15)
        with pytest.raises(MixedDataError, match="somebody"):
            await keep(stage, hot, durable)
        assert await durable.instrument_names() == []

    trio.run(refused)


def test_two_runs_in_one_recording_are_two_engines_on_the_same_stores(tmp_path: Path) -> None:
    first = made_recording(tmp_path / "a", instruments=2, seconds=70, ticks_per_s=10, per_frame=5)
    second = made_recording(tmp_path / "b", instruments=2, seconds=70, ticks_per_s=10, per_frame=5, later_s=600)

    both, stage = replay([second, first], QUIET)
    alone, _ = replay([first], QUIET)

    assert (both.runs, alone.runs) == (2, 1)
    assert both.ticks == 2 * alone.ticks
    assert both.candles > alone.candles
    assert len(stage.durable.tables.instruments) == 2
