"""The snapshot: the tree as it stands, for operators, metrics and tests alike."""

from __future__ import annotations

import msgspec

from engine.runtime.mailbox_spec import MailboxStatistics  # noqa: TC001 - msgspec reads the annotations
from engine.runtime.state import State  # noqa: TC001 - msgspec reads the annotations


class ActorSnapshot(msgspec.Struct, frozen=True):
    """One place in the tree and all below it."""

    path: str
    kind: str
    """Name of the actor's class, the last one if nobody lives there now."""
    state: State
    mailbox: MailboxStatistics
    restarts: int
    """How often the place was filled again."""
    last_error: str | None
    """What ended the last incarnation that failed."""
    uptime_s: float
    """Since the present incarnation was ready; 0 if there is none."""
    children: tuple[ActorSnapshot, ...] = ()
