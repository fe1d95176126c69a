"""Cut-offs: a step that ends whoever does it is not begun for ever, and other ends do not count against it."""

import msgspec

from actors.cut_offs import MOST, after_cut_off
from engine.storage.durable import Job

RUNNING = Job("b", "backfill", "running", 0.2, "NSE:A: 5 candles new", {}, 2, 10)


def again(job: Job) -> Job:
    return msgspec.structs.replace(job, status="running")


def test_a_job_waits_for_its_turn_again_until_the_same_step_was_cut_off_too_often() -> None:
    job, statuses = RUNNING, list[str]()
    for _ in range(MOST):
        job = after_cut_off(again(job))
        statuses.append(job.status)
    assert statuses == ["waiting"] * (MOST - 1) + ["failed"]
    assert job.message == f"cut off {MOST} times at step 3, which may be what ended us"
    assert job.done == 2


def test_each_step_is_counted_for_itself() -> None:
    job = after_cut_off(after_cut_off(RUNNING))
    assert job.message == "cut off 2 times at step 3"
    assert after_cut_off(msgspec.structs.replace(job, done=3)).message == "cut off 1 time at step 4"
    assert after_cut_off(msgspec.structs.replace(job, message="step 3 is done")).message == "cut off 1 time at step 3"
