"""Rotation: what becomes of a refresh token that is shown, as a pure decision; the tables only carry it out.

A token is good once. Shown again it was copied, by a thief or from one, and nobody can tell which of the two is here:
the whole family ends. Only a repeat within a few seconds is none, whose answer was lost or who asked twice at once: it
gets the same successor again, as long as that has not been used.
"""

from enum import StrEnum

import msgspec

IDLE_S = 14 * 86_400.0
"""A refresh token that nobody uses for so long is not good any more."""
ABSOLUTE_S = 30 * 86_400.0
"""After so long one signs in again, however often one refreshed."""
GRACE_S = 10.0
"""A repeat within so long is no theft."""


class Verdict(StrEnum):
    """What becomes of a refresh token that is shown."""

    ROTATE = "rotate"
    """Its successor takes its place."""
    REPEAT = "repeat"
    """Its successor, once more."""
    REUSED = "reused"
    """It was copied: its family ends."""
    REFUSED = "refused"
    """It is unknown, too old, or its family has ended."""


class Family(msgspec.Struct, frozen=True):
    """The session a token belongs to."""

    expires_ns: int
    ended: bool
    """Whether it, or its user's account, has ended."""
    ended_by_this: bool = False
    """Whether it was this very showing that ended it, whose answer was lost and which is done a second time."""


class Member(msgspec.Struct, frozen=True):
    """The token itself."""

    expires_ns: int
    used_ns: int | None
    successor_used: bool


def judge(family: Family, member: Member, now_ns: int) -> Verdict:
    """What becomes of a token of ours that is shown now."""
    if family.ended_by_this and member.used_ns is not None:
        return Verdict.REUSED
    if family.ended or now_ns >= family.expires_ns:
        return Verdict.REFUSED
    if member.used_ns is None:
        return Verdict.REFUSED if now_ns >= member.expires_ns else Verdict.ROTATE
    recent = now_ns - member.used_ns <= GRACE_S * 1e9
    return Verdict.REPEAT if recent and not member.successor_used else Verdict.REUSED
