"""The registry: pykka's list of living actors, entered one by one and left in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pykka

if TYPE_CHECKING:
    from collections.abc import Collection


class Registry(pykka.ActorRegistry):
    """pykka's own registry; leaving it one by one is linear each time, and 20,000 actors would hold the loop for seconds."""

    @classmethod
    def enter(cls, reference: pykka.ActorRef[Any]) -> None:
        with cls._actor_refs_lock:
            cls._actor_refs.append(reference)

    @classmethod
    def leave(cls, references: Collection[pykka.ActorRef[Any]]) -> None:
        """One pass for all of them."""
        gone = {id(reference) for reference in references}
        with cls._actor_refs_lock:
            cls._actor_refs[:] = [reference for reference in cls._actor_refs if id(reference) not in gone]
