"""Shares: which runs of screeners may be under way beside each other, so that nobody takes the engine for themselves."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from actors.job_arguments import JobNotNowError, OwnerBusyError
from engine.storage.durable import Job

MOST: Final = 20
"""Of all users, that wait or run."""
MOST_OF_ONE: Final = 2
"""Of one user's own screeners."""
_SAME: Final = ("screener", "owner", "definition")


def same_run(under_way: Iterable[Job], arguments: Mapping[str, Any]) -> Job | None:
    """The run that looks for the same already: two clicks at once make one."""
    wanted = [arguments.get(name) for name in _SAME]
    return next((job for job in under_way if [job.arguments.get(name) for name in _SAME] == wanted), None)


def require_room(under_way: Iterable[Job], arguments: Mapping[str, Any]) -> None:
    """Raises JobNotNowError where another one has to wait; OwnerBusyError where only this owner's have to."""
    owners = [job.arguments.get("owner", "") for job in under_way]
    owner = arguments.get("owner", "")
    if owner and owners.count(owner) >= MOST_OF_ONE:
        raise OwnerBusyError(f"{MOST_OF_ONE} of your screeners are being run already")
    if len(owners) >= MOST:
        raise JobNotNowError("so many screeners are being run that this one must wait")
