"""Jobs: done step after step, stopped and taken up again where they were, by operators and by the next engine."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from actors.cut_offs import MOST
from actors.job_arguments import JobError, JobNotNowError
from actors.job_kinds import Work
from actors.jobs import DAY_S, KEPT_DAYS, PATIENT, TRIES, URGENT, Jobs
from actors.messages import ChangeJob, JobChanged, StartJob
from actors.screen_shares import MOST as MOST_RUNS
from actors.screen_work import SCREEN
from engine.providers.base import ProviderError
from engine.runtime import ActorRef, ActorSystem
from engine.storage.durable import DurableStore, Job
from engine.storage.errors import DurableStoreUnavailableError, HotStoreError, StorageError
from engine.storage.memory import MemoryDurableStore
from tests.actors.parts import among_witnesses


class Steps:
    """Work of three steps, of which each waits for a sign, and fails as often as it is told."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.done: list[int] = []
        self.failures = 0
        self.refusal: StorageError | None = None
        self.mistake: Exception | None = None
        self.gate = trio.Event()

    def __len__(self) -> int:
        return 3

    async def step(self, number: int) -> str:
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise ProviderError("away")
        if self.refusal:
            raise self.refusal
        if self.mistake:
            self.begun.append(number)
            raise self.mistake
        self.done.append(number)
        return f"step {number}"

    def complete(self, kind: str, arguments: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
        if kind not in ("count", *URGENT, *PATIENT):
            raise JobError("only counting is known here")
        return {"from": "one", **arguments}

    def work(self, kind: str, arguments: Mapping[str, Any]) -> Work:
        assert (kind in ("count", *URGENT, *PATIENT), arguments["from"]) == (True, "one")
        return self


@asynccontextmanager
async def jobs(durable: DurableStore, steps: Steps) -> AsyncGenerator[tuple[ActorRef, list[Any]]]:
    def make(system: ActorSystem) -> Jobs:
        return Jobs(durable, steps, publisher=system.ref("/engine/publisher"))

    async with among_witnesses(make, "publisher") as (system, seen):
        yield system.ref("/engine/subject"), seen["publisher"]


async def start(subject: ActorRef) -> str:
    return (await subject.ask(StartJob("count", {}), timeout_s=5))["id"]


async def change(subject: ActorRef, identity: str, action: str) -> str:
    return (await subject.ask(ChangeJob(identity, action), timeout_s=5))["status"]


async def until(durable: DurableStore, identity: str, status: str) -> Job:
    with trio.fail_after(600):
        while True:
            job = await durable.job(identity)
            if job is not None and job.status == status:
                return job
            await trio.sleep(0.1)


async def test_a_job_says_after_each_step_how_far_it_is(autojump_clock: Any) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    steps.gate.set()
    async with jobs(durable, steps) as (subject, told):
        identity = await start(subject)
        job = await until(durable, identity, "done")
        assert (job.done, job.total, job.progress, job.message) == (3, 3, 1.0, "step 2")
        assert (job.kind, job.arguments, steps.done) == ("count", {"from": "one"}, [0, 1, 2])
        seen = [(message.job.status, message.job.done) for message in told if isinstance(message, JobChanged)]
        assert seen == [("waiting", 0), *(("running", number) for number in range(4)), ("done", 3)]


async def test_what_is_run_by_itself_waits_for_what_somebody_waits_for(autojump_clock: Any) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    async with jobs(durable, steps) as (subject, _):
        by_itself = (await subject.ask(StartJob(SCREEN, {"screener": "swing", "scheduled": True}), timeout_s=5))["id"]
        await until(durable, by_itself, "running")
        clicked = (await subject.ask(StartJob(SCREEN, {"screener": "12"}), timeout_s=5))["id"]
        steps.gate.set()
        await until(durable, clicked, "done")
        await until(durable, by_itself, "done")
    assert steps.done == [0, 0, 1, 2, 1, 2]


async def test_an_urgent_job_is_done_between_two_steps_of_another_which_then_goes_on(autojump_clock: Any) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    async with jobs(durable, steps) as (subject, _):
        long, waiting = await start(subject), await start(subject)
        await until(durable, long, "running")
        urgent = (await subject.ask(StartJob("populate", {}), timeout_s=5))["id"]
        steps.gate.set()
        await until(durable, urgent, "done")
        await until(durable, waiting, "done")
        assert (await until(durable, long, "done")).progress == 1.0
    assert steps.done == [0, 0, 1, 2, 1, 2, 0, 1, 2]


async def test_two_clicks_at_once_make_one_run_and_of_one_user_two_are_under_way(autojump_clock: Any) -> None:
    durable, steps = MemoryDurableStore(), Steps()

    async with jobs(durable, steps) as (subject, _):

        async def click(screener: str, owner: str = "ada", **more: Any) -> str:
            wish = StartJob(SCREEN, {"screener": screener, "owner": owner, "definition": {}, **more})
            return (await subject.ask(wish, timeout_s=5))["id"]

        first = await click("1")
        assert await click("1", scheduled=True, instruments=["NSE:NEW"]) == first
        second = await click("1", definition={"limit": 5})
        assert second != first
        with pytest.raises(JobNotNowError, match="2 of your screeners are being run already"):
            await click("2")
        for number in range(MOST_RUNS - 2):
            await click(str(number), owner="")
        with pytest.raises(JobError, match="so many screeners are being run"):
            await click("3", owner="bob")
        steps.gate.set()
        await until(durable, second, "done")
        assert await click("1") not in (first, second)


async def test_a_run_that_fails_is_not_tried_again_while_others_wait(autojump_clock: Any) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    steps.gate.set()
    steps.failures = 1
    async with jobs(durable, steps) as (subject, _):
        failed = (await subject.ask(StartJob(SCREEN, {}), timeout_s=5))["id"]
        assert (await until(durable, failed, "failed")).message == "away"


async def test_a_job_whose_provider_is_away_gives_way_between_two_tries(autojump_clock: Any) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    async with jobs(durable, steps) as (subject, _):
        long = await start(subject)
        await until(durable, long, "running")
        clicked = (await subject.ask(StartJob(SCREEN, {}), timeout_s=5))["id"]
        steps.failures = 1
        began = trio.current_time()
        steps.gate.set()
        await until(durable, clicked, "done")
        assert trio.current_time() - began < 1
        await until(durable, long, "done")
    assert steps.done == [0, 1, 2, 0, 1, 2]


async def test_urgent_jobs_that_never_end_leave_a_step_to_others(autojump_clock: Any) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    async with jobs(durable, steps) as (subject, _):
        long = await start(subject)
        await until(durable, long, "running")
        for kind in URGENT:
            await subject.ask(StartJob(kind, {}), timeout_s=5)
        steps.gate.set()
        await until(durable, long, "done")
    assert steps.done == [0, 0, 1, 2, 1, 0, 1, 2, 2]


async def test_what_nobody_asked_for_waits_for_all_others_and_gives_way_to_them(autojump_clock: Any) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    async with jobs(durable, steps) as (subject, told):
        first = (await subject.ask(StartJob(PATIENT[0], {}), timeout_s=5))["id"]
        await until(durable, first, "running")
        second = (await subject.ask(StartJob(PATIENT[1], {}), timeout_s=5))["id"]
        asked = await start(subject)
        steps.gate.set()
        for identity in (asked, first, second):
            await until(durable, identity, "done")
        ended = [message.job.id for message in told if isinstance(message, JobChanged) and message.job.status == "done"]
        assert ended == [asked, first, second]
    assert steps.done == [0, 0, 1, 2, 1, 2, 0, 1, 2]


async def test_a_paused_job_finishes_its_step_and_goes_on_with_the_next_one(autojump_clock: Any) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    async with jobs(durable, steps) as (subject, _):
        identity = await start(subject)
        await until(durable, identity, "running")
        assert await change(subject, identity, "pause") == "paused"
        steps.gate.set()
        await trio.sleep(10)
        assert (steps.done, (await until(durable, identity, "paused")).done) == ([0], 1)
        assert await change(subject, identity, "resume") == "waiting"
        await until(durable, identity, "done")
    assert steps.done == [0, 1, 2]


async def test_a_job_goes_on_where_an_engine_died_and_a_paused_one_waits_for_its_operator(autojump_clock: Any) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    steps.gate.set()
    for identity, status in (("old", "running"), ("idle", "paused"), ("gone", "cancelled")):
        await durable.save_job(Job(identity, "count", status, 1 / 3, "step 0", {"from": "one"}, 1, 3))
    async with jobs(durable, steps) as (subject, _):
        await until(durable, "old", "done")
        await trio.sleep(10)
        assert steps.done == [1, 2]
        await until(durable, "idle", "paused")
        assert await change(subject, "idle", "resume") == "waiting"
        await until(durable, "idle", "done")
        assert await change(subject, "gone", "retry") == "waiting"
        await until(durable, "gone", "done")
    assert steps.done == [1, 2] * 3


async def test_a_cancelled_job_ends_after_its_step_and_makes_room_for_the_next_one(autojump_clock: Any) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    async with jobs(durable, steps) as (subject, _):
        first, second = await start(subject), await start(subject)
        assert first != second
        assert await change(subject, first, "cancel") == "cancelled"
        steps.gate.set()
        await until(durable, second, "done")
        assert (await until(durable, first, "cancelled")).status == "cancelled"
    assert steps.done == [0, 0, 1, 2]


async def test_a_step_that_fails_for_now_is_tried_again_and_one_that_goes_on_failing_waits_for_a_retry(
    autojump_clock: Any,
) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    steps.gate.set()
    steps.failures = 2
    async with jobs(durable, steps) as (subject, _):
        await until(durable, await start(subject), "done")
        steps.failures = 100
        identity = await start(subject)
        failed = await until(durable, identity, "failed")
        assert (failed.message, failed.done) == ("away", 0)
        steps.failures = 0
        assert await change(subject, identity, "retry") == "waiting"
        await until(durable, identity, "done")


async def test_a_step_that_a_store_refuses_fails_its_job_and_blocks_no_other(autojump_clock: Any) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    steps.gate.set()
    steps.refusal = HotStoreError("wrong type")
    async with jobs(durable, steps) as (subject, _):
        failed = await until(durable, await start(subject), "failed")
        assert failed.message == "Redis refused. wrong type"
        steps.refusal = None
        await until(durable, await start(subject), "done")


async def test_a_step_that_crashes_again_and_again_fails_its_job_until_an_operator_has_it_tried_once_more(
    autojump_clock: Any,
) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    steps.gate.set()
    steps.mistake = ZeroDivisionError("by nothing")
    async with jobs(durable, steps) as (subject, _):
        identity = await start(subject)
        failed = await until(durable, identity, "failed")
        assert (failed.message, failed.done) == ("it crashed: ZeroDivisionError: by nothing", 0)
        assert steps.begun == [0] * TRIES
        await trio.sleep(600)
        assert steps.begun == [0] * TRIES
        steps.mistake = None
        await until(durable, await start(subject), "done")
        assert await change(subject, identity, "retry") == "waiting"
        await until(durable, identity, "done")


async def test_a_step_that_ends_the_engine_each_time_is_not_begun_for_ever(autojump_clock: Any) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    await durable.save_job(Job("old", "count", "running", 1 / 3, "step 0", {"from": "one"}, 1, 3))
    for _ in range(MOST - 1):
        async with jobs(durable, steps):  # dies while it waits for a sign
            await until(durable, "old", "running")
    async with jobs(durable, steps) as (subject, told):
        failed = await until(durable, "old", "failed")
        assert failed.message == f"cut off {MOST} times at step 2, which may be what ended us"
        assert [message.job.status for message in told] == ["failed"]
        steps.gate.set()
        assert await change(subject, "old", "retry") == "waiting"
        await until(durable, "old", "done")
    assert steps.done == [1, 2]


@pytest.mark.parametrize("action", ["resume", "retry", "explode"])
async def test_what_makes_no_sense_is_refused_and_changes_nothing(autojump_clock: Any, action: str) -> None:
    durable, steps = MemoryDurableStore(), Steps()
    async with jobs(durable, steps) as (subject, _):
        identity = await start(subject)
        await until(durable, identity, "running")
        with pytest.raises(JobError, match=f"can not be told to {action}"):
            await change(subject, identity, action)
        with pytest.raises(JobError, match="there is no job"):
            await change(subject, "nobody", "pause")
        with pytest.raises(JobError, match="only counting"):
            await subject.ask(StartJob("dance", {}), timeout_s=5)
        await until(durable, identity, "running")


class Forgetful(MemoryDurableStore):
    """Notes when old jobs are to be forgotten; the first time it can not."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    async def forget_jobs(self, days: int) -> int:
        self.asked.append(days)
        if len(self.asked) == 1:
            raise DurableStoreUnavailableError("away")
        return 7


async def test_old_jobs_are_forgotten_every_day_and_a_store_that_is_away_is_no_matter(autojump_clock: Any) -> None:
    durable = Forgetful()
    async with jobs(durable, Steps()):
        await trio.sleep(2.5 * DAY_S)
    assert durable.asked == [KEPT_DAYS] * 3
