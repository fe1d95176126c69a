"""A credential is replaced over real sockets, while it is recorded: clients hear of nothing, and a replay makes the same."""

from pathlib import Path

import pytest
import trio

from actors.messages import CredentialReplaced
from config.settings import Settings
from engine.recording import Lost, Opened, read_files
from engine.recording.blocks import Damage
from engine.replay import replay
from tests.replay.live import LiveRun, holds, recorded


async def _rolled(folder: Path) -> tuple[LiveRun, list[str]]:
    async with recorded(folder, ticks_per_second=20) as run:
        await run.minutes(1)
        before = await run.statuses()
        run.system.ref("/engine/feeds/simulator").tell(CredentialReplaced("simulator"))
        door = run.simulator.exchange.doors["simulator"]
        await holds(lambda: door.statistics().connections == 2, "a second connection")
        await holds(lambda: door.statistics().clients == 1, "the end of the first")
        await run.minutes(2)
        assert await run.statuses() == before
    return run, before


@pytest.mark.slow
def test_clients_hear_of_nothing_and_a_replay_makes_what_the_live_engine_made(tmp_path: Path) -> None:
    run, before = trio.run(_rolled, tmp_path)
    assert before[-1] == "live"
    files = sorted(tmp_path.iterdir())
    kinds = [type(record) for record in read_files(files, damaged=_undamaged)]
    assert (kinds.count(Opened), kinds.count(Lost)) == (1, 0)
    summary, _ = replay(files, Settings(providers=("simulator",)))
    assert summary.digest == trio.run(run.digest)


def _undamaged(path: Path, damage: Damage) -> None:
    pytest.fail(f"{path.name}: {damage.what}")
