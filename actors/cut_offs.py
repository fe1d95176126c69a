"""Cut-offs: how often an engine, or the actor of the jobs, ended while a job was at the same step.

They are told in the job's words, which its operator reads and the next engine counts from: a step that ends us each time
would otherwise be begun for ever.
"""

import re

import msgspec

from engine.storage.durable import Job

MOST = 5
"""A step that was cut off so often is not begun again unless an operator says so."""
_WORDS = re.compile(r"cut off (?P<times>\d+) times? at step (?P<step>\d+)\b.*")


def after_cut_off(job: Job) -> Job:
    """A job that was running when we ended: it waits for its turn again, or has failed."""
    times = _times(job) + 1
    words = f"cut off {times} time{'s' if times > 1 else ''} at step {job.done + 1}"
    if times < MOST:
        return msgspec.structs.replace(job, status="waiting", message=words)
    return msgspec.structs.replace(job, status="failed", message=f"{words}, which may be what ended us")


def _times(job: Job) -> int:
    found = _WORDS.fullmatch(job.message)
    return int(found["times"]) if found and int(found["step"]) == job.done + 1 else 0
