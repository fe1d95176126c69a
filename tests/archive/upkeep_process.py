"""A process that does the upkeep as an engine does, with the real runner of jobs, to be killed at any moment.

``python -m tests.archive.upkeep_process DATABASE_URL FOLDER``: goes on with the job that an earlier one was at, or begins one.
"""

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from actors import upkeep_work
from actors.job_kinds import JobKinds
from actors.jobs import UNFINISHED, Jobs
from actors.messages import StartJob
from actors.routes import Routes
from actors.upkeep_work import KIND, UpkeepCraft
from engine.archive import DayArchive, tick_archive
from engine.runtime import ActorSystem, ChildSpec, LoopClock, Supervisor
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DurableStore
from tests.actors.parts import Witness

NOW_NS: Final = int(datetime(2026, 11, 20, 5, tzinfo=UTC).timestamp()) * 1_000_000_000
KEPT_DAYS: Final = 35
PORTION: Final = 40


async def main(database_url: str, folder: str) -> None:
    """Until the job is done."""
    upkeep_work.MOST_DAYS, upkeep_work.MOST_PORTIONS, tick_archive.PORTION = 6, 30, PORTION
    async with open_bridge():
        durable = bridged(await bridged(DurableStore).connect(database_url))
        async with ActorSystem("engine", clock=LoopClock(NOW_NS)) as system:
            archive = DayArchive(durable, Path(folder), now_ns=system.clock.now_ns)
            craft = UpkeepCraft(durable, archive, KEPT_DAYS, KEPT_DAYS)
            nobody: Any = None
            kinds = JobKinds(nobody, nobody, Routes([]), nobody, {KIND: craft}, resolver=nobody, charts=nobody)
            runner = partial(Jobs, durable, kinds, publisher=system.ref("/engine/publisher"))
            specs = [ChildSpec("publisher", partial(Witness, [])), ChildSpec("jobs", runner)]
            await system.start(ChildSpec("engine", partial(Supervisor, specs)))
            if not await durable.jobs(1, KIND):
                await system.ref("/engine/jobs").ask(StartJob(KIND, {}), timeout_s=10)
            while (await durable.jobs(1, KIND))[0].status in UNFINISHED:
                await trio.sleep(0.02)
        await durable.close()


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:])
