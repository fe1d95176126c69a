"""The mailbox spec: how much mail may wait, what happens to one too many, and the figures kept about it."""

from __future__ import annotations

from collections.abc import Callable, Hashable  # noqa: TC003 - msgspec reads the annotations
from enum import StrEnum
from typing import Any

import msgspec

from engine.runtime.errors import SpecError


class Overflow(StrEnum):
    """What a full mailbox does with one more message."""

    FAIL = "fail"
    """Refuses it: ``tell`` raises MailboxFullError."""
    DROP_OLDEST = "drop_oldest"
    """Drops the one that waited longest."""


class Conflate(msgspec.Struct, frozen=True):
    """Keeps one message per key, the newest, in the order in which the keys first arrived.

    ``key`` names an attribute of the messages or computes the key. Questions, and messages without the attribute, are
    never conflated. Keys beyond the capacity are refused.
    """

    key: str | Callable[[Any], Hashable]


class MailboxSpec(msgspec.Struct, frozen=True):
    """How many messages may wait, and what happens to one too many."""

    capacity: int = 1000
    overflow: Overflow | Conflate = Overflow.FAIL

    def __post_init__(self) -> None:
        if self.capacity < 1:
            raise SpecError(f"A mailbox holds at least one message, was {self.capacity}.")


class MailboxStatistics(msgspec.Struct, frozen=True):
    """The mail of a place so far, over all its incarnations.

    Sent = processed + dropped + conflated + dead + depth, at any moment. The control lane is not counted.
    """

    depth: int = 0
    """Messages waiting."""
    oldest_age_s: float = 0.0
    """How long the oldest has waited, to the resolution of a dispatcher's slice (a few milliseconds). A mailbox that
    is never emptied knows it by generations of mail that waited together: then the figure is an upper bound."""
    processed: int = 0
    """Messages given to a handler, also those whose handler failed."""
    dropped: int = 0
    """Messages lost to overflow, refused ones included."""
    conflated: int = 0
    """Messages that a newer one of the same key replaced."""
    dead: int = 0
    """Messages that found nobody, or were left when the actor ended."""
