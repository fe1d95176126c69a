"""Reminders: the timers of one incarnation of an actor, which tell it its own messages and end with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.runtime.errors import MailboxFullError

if TYPE_CHECKING:
    from engine.runtime.cell import Cell
    from engine.runtime.timers import Timer

UNSWEPT = 16
"""An actor with more timers than this has its cancelled ones forgotten at the next."""


class Reminders:
    """Made when an actor sets its first timer."""

    __slots__ = ("_cell", "_timers")

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._timers: set[Timer] = set()

    def after(self, delay_s: float, message: Any) -> Timer:
        return self._keep(self._cell.system.timers.after(delay_s, self._remind, message))

    def every(self, interval_s: float, message: Any) -> Timer:
        return self._keep(self._cell.system.timers.every(interval_s, self._remind, message))

    def cancel(self) -> None:
        """The incarnation ended."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _keep(self, timer: Timer) -> Timer:
        if len(self._timers) >= UNSWEPT:
            self._timers = {timer for timer in self._timers if timer.is_active}
        self._timers.add(timer)
        return timer

    def _remind(self, timer: Timer) -> None:
        if not timer.is_active:
            self._timers.discard(timer)
        try:
            self._cell.ref.tell(timer.argument)
        except MailboxFullError:
            pass  # counted by the mailbox
        except Exception as error:  # noqa: BLE001 - a conflation key that fails: the actor's fault, not the timers'
            self._cell.fail(error, timer.argument)
