"""A finding: one sentence about one thing, and whether it is well."""

from enum import StrEnum

import msgspec


class Health(StrEnum):
    """How a thing is."""

    WELL = "well"
    NOTE = "note"
    """Works, and you should know."""
    WRONG = "wrong"
    """Somebody has to do something."""


class Finding(msgspec.Struct, frozen=True):
    """What the doctor says about one thing."""

    subject: str
    health: Health
    words: str


def well(subject: str, words: str) -> Finding:
    """It is well."""
    return Finding(subject, Health.WELL, words)


def note(subject: str, words: str) -> Finding:
    """It works, and you should know."""
    return Finding(subject, Health.NOTE, words)


def wrong(subject: str, words: str) -> Finding:
    """Somebody has to do something."""
    return Finding(subject, Health.WRONG, words)
