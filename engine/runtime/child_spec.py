"""The child spec: what a supervisor must know to start, restart and stop one child."""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - msgspec reads the annotations
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from engine.runtime.backoff import Backoff
from engine.runtime.errors import SpecError

if TYPE_CHECKING:
    from engine.runtime.actor import Actor


class Restart(StrEnum):
    """Which ends of a child call for a new one."""

    PERMANENT = "permanent"
    """Every end."""
    TRANSIENT = "transient"
    """A crash; an end of its own is accepted."""
    TEMPORARY = "temporary"
    """None."""


class ChildSpec(msgspec.Struct, frozen=True):
    """A place in the tree and how it is filled. A supervisor's own specs are given to its constructor."""

    name: str
    """The last part of the path; unique among its siblings, without a slash."""
    start: Callable[[], Actor]
    """Makes a fresh actor object; called at every start, and never given an old one back."""
    restart: Restart = Restart.PERMANENT
    shutdown_s: float = 5.0
    """How long the current handler and on_stop may take before the actor is cut; supervisors take what their
    children need and are never cut."""
    backoff: Backoff = Backoff()

    def __post_init__(self) -> None:
        if not self.name or "/" in self.name:
            raise SpecError(f"A name is one part of a path, was {self.name!r}.")
        if self.shutdown_s < 0:
            raise SpecError(f"{self.name}: shutdown_s is a duration, was {self.shutdown_s:g}.")
