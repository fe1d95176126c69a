"""What the kernel says to the log, event by event; a log that can not be written never breaks the tree."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import structlog

from engine.runtime.errors import KernelError, PlainError

log = structlog.get_logger("ticktree.runtime")


def describe(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {error}"


def actor_crashed(path: str, message_type: str, error: BaseException) -> None:
    _say("error", "actor_crashed", path=path, message_type=message_type, error=describe(error), **_traceback(error))


def actor_cut(path: str, budget_s: float) -> None:
    _say("warning", "actor_cut", path=path, budget_s=budget_s)


def child_restarts(path: str, delay_s: float, reason: str) -> None:
    _say("warning", "child_restarts", path=path, delay_s=round(delay_s, 3), reason=reason)


def child_not_started(path: str, error: BaseException) -> None:
    _say("error", "child_not_started", path=path, error=describe(error), **_traceback(error))


def slow_handler(path: str, message_type: str, duration_s: float) -> None:
    _say("warning", "slow_handler", path=path, message_type=message_type, duration_s=round(duration_s, 3))


def system_failed(system: str, path: str, error: BaseException) -> None:
    _say("critical", "system_failed", system=system, path=path, error=describe(error))


def _traceback(error: BaseException) -> dict[str, BaseException]:
    """Where it was raised, unless it or what the kernel only passes on is plain."""
    origin = error
    while isinstance(origin, KernelError) and origin.__cause__ is not None:
        origin = origin.__cause__
    return {} if isinstance(origin, PlainError) else {"exc_info": error}


def _say(level: str, event: str, **fields: Any) -> None:
    with suppress(OSError, ValueError):  # a closed pipe or file; an actor's end must not depend on it
        getattr(log, level)(event, **fields)
