"""The daily round: what is to be done next so that a provider's list is read once a day. Pure; the jobs tell how far it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

_HOMES: Final[Mapping[str, str]] = {"dhan": "Asia/Kolkata", "kite": "Asia/Kolkata"}
_ELSEWHERE: Final = "America/New_York"
_SECOND_NS: Final = 1_000_000_000
_MS_NS: Final = 1_000_000
_SPREAD_S: Final = 300.0
"""Engines everywhere read the same few lists: within so many seconds they do not all come at once."""
_FIRST_RETRY_S: Final = 120.0
_LONGEST_RETRY_S: Final = 3_600.0
UNFINISHED: Final = ("waiting", "running", "paused")

Part = Literal["instruments", "mappings"]


class Populated(msgspec.Struct, frozen=True):
    """One job that filled the tables from a provider's list, or tried to."""

    what: Part
    status: str
    begun_ns: int
    selection: Mapping[str, Any]
    """Which ``exchanges`` and ``underlyings`` it was asked for."""


class Begin(msgspec.Struct, frozen=True):
    """The next part of the round: a job of this kind, as the last one like it was asked for."""

    what: Part
    selection: Mapping[str, Any]


class Wait(msgspec.Struct, frozen=True):
    """Nothing is to be done now; ``failures`` of this round have been in vain."""

    failures: int = 0


class Done(msgspec.Struct, frozen=True):
    """The list was read and written."""


def due_ns(provider: str, at: time, now_ns: int, chance: float) -> int:
    """The newest time not after now at which the round begins: daily at that hour of the provider's home, and a little later.

    ``chance`` from 0 to 1 says how much later; it is to stay the same for as long as an engine lives.
    """
    home = ZoneInfo(_HOMES.get(provider, _ELSEWHERE))
    later = timedelta(seconds=chance * _SPREAD_S)
    now = datetime.fromtimestamp(now_ns // _SECOND_NS, home)
    for day in (now.date(), now.date() - timedelta(days=1)):
        begins = datetime.combine(day, at, home) + later
        if begins <= now:
            return int(begins.timestamp()) * _SECOND_NS
    raise AssertionError("yesterday is over")


def next_step(
    jobs: Sequence[Populated], due_ns: int, now_ns: int, *, followed: Sequence[str], has_list: bool
) -> Begin | Wait | Done:
    """What a round that began at ``due_ns`` needs next. ``jobs`` are the provider's, the newest first.

    It does again what an operator did: the same exchanges and underlyings. Without such a job the contracts on the
    underlyings that are ``followed`` are renewed, and nothing else is added. A provider that has no list is only mapped
    anew, and where nobody ever asked for that, not even that.
    """
    if any(job.status in UNFINISHED for job in jobs):
        return Wait()  # also an operator's: never two at once
    asked = {job.what: job.selection for job in reversed(jobs) if job.status == "done"}
    parts: list[Part] = ["instruments", "mappings"] if has_list else ["mappings"]
    if not has_list and "mappings" not in asked:
        return Done()
    ours = [job for job in jobs if job.begun_ns >= due_ns]
    for what in parts:
        newest = next((job for job in ours if job.what == what), None)
        if newest is None:
            selection = asked.get(what) or _renewing(what, followed)
            return Begin(what, selection)
        if newest.status != "done":
            return _again(what, [job for job in ours if job.what == what], asked, followed, now_ns)
    return Done()


def _again(
    what: Part, tries: Sequence[Populated], asked: Mapping[str, Mapping[str, Any]], followed: Sequence[str], now_ns: int
) -> Begin | Wait:
    """After a while that grows with every failure."""
    failures = sum(job.status == "failed" for job in tries)
    wait_s = min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2.0 ** max(0, failures - 1))
    if tries[0].status == "cancelled" or now_ns < tries[0].begun_ns + int(wait_s * _SECOND_NS):
        return Wait(failures)  # what an operator cancels stays so until the next day
    return Begin(what, asked.get(what) or _renewing(what, followed))


def _renewing(what: Part, followed: Sequence[str]) -> Mapping[str, Any]:
    return {"exchanges": [], "underlyings": list(followed)} if what == "instruments" else {}


def populated(identity: str, status: str, arguments: Mapping[str, Any]) -> Populated:
    """A populate job by its id, which says when it was begun."""
    selection = {name: arguments[name] for name in ("exchanges", "underlyings") if arguments.get(name) is not None}
    begun_ns = int(identity.rpartition("-")[2]) * _MS_NS
    return Populated(arguments["what"], status, begun_ns, selection)
