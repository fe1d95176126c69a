"""The dispatcher: one task that runs the handlers of all reactive actors, each message to completion."""

from __future__ import annotations

from itertools import islice
from operator import length_hint
from time import perf_counter
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel

from engine.runtime.reply import name_of
from engine.runtime.report import slow_handler
from engine.runtime.slow import SLICE_S, SLOW_S
from engine.runtime.turns import Turns

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterator

    from engine.runtime.mailbox import Mailbox

THROUGHPUT = 64
"""Messages one actor may handle before the next has its turn."""


SAMPLE = 32
"""Mailboxes counted to tell the backlog."""


class Dispatcher:
    """A queue of mailboxes with mail, served in turn; yields to the loop between slices."""

    __slots__ = ("_after_slice", "_bell", "_waiters", "is_running", "parked", "ready", "time")

    def __init__(self, after_slice: Callable[[], None], turns: Turns | None = None) -> None:
        self._after_slice = after_slice
        self.ready: deque[Mailbox] = Turns() if turns is None else turns
        self.parked = False
        self.is_running = False
        self.time = 0.0
        self._bell: anyio.Event | None = None
        self._waiters: list[tuple[int, anyio.Event]] = []

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            await anyio.lowlevel.checkpoint()
            # A feed under load has put more there meanwhile: parking and waking cost more than a look.
            if not self.ready:
                await self._park()
            self.time = anyio.current_time()
            self.is_running = True
            try:
                self._run_slice()
            finally:
                self.is_running = False
                self._after_slice()
            if self._waiters:
                self._release_waiters()

    def wake(self) -> None:
        """There is mail."""
        self.parked = False
        self.time = anyio.current_time()
        if self._bell is not None:
            self._bell.set()

    async def caught_up(self, below: int) -> None:
        """Wait until fewer than so many messages wait for reactive actors; returns at once if that is so."""
        while not self._is_below(below):
            event = anyio.Event()
            self._waiters.append((below, event))
            await event.wait()

    async def _park(self) -> None:
        self._bell = anyio.Event()
        self.parked = True
        await self._bell.wait()

    def backlog(self) -> int:
        """Messages that wait for reactive actors.

        Asked after every frame of a feed, it counts a few dozen mailboxes at most and concludes from those that have
        waited longest on the others: exact for short queues, rather too much than too little for long ones.
        """
        lined_up = len(self.ready)
        counted = sum([len(mailbox.waiting) or 1 for mailbox in islice(self.ready, SAMPLE)])
        return counted if lined_up <= SAMPLE else counted * lined_up // SAMPLE

    def _is_below(self, below: int) -> bool:
        return len(self.ready) < below and self.backlog() < below

    def _release_waiters(self) -> None:
        waiters, self._waiters = self._waiters, []
        for below, event in waiters:
            if self._is_below(below):
                event.set()
            else:
                self._waiters.append((below, event))

    def _run_slice(self) -> None:
        """Turns until the slice is over. A turn of one plain message, the usual one, is inlined: it costs the least."""
        ready, clock = self.ready, perf_counter
        now = then = clock()
        end = then + SLICE_S
        while ready and now < end:
            mailbox = ready.popleft()
            if mailbox.special or len(mailbox.waiting) != 1:
                now = then = self._turn(mailbox, end)
                continue
            message = mailbox.waiting.pop()
            mailbox.processed += 1
            try:
                mailbox.handlers[type(message)](mailbox.actor, message)
            except BaseException as error:  # noqa: BLE001 - the supervision boundary
                _crash(mailbox, message, error)
                then = clock()
            now = clock()
            if now - then > SLOW_S:
                slow_handler(mailbox.path, name_of(message), now - then)
            then = now
            if mailbox.waiting:
                mailbox.stamp = self.time
                ready.append(mailbox)
            else:
                mailbox.idle = True

    def _turn(self, mailbox: Mailbox, end: float) -> float:
        """Any other turn: several messages, the control lane, a stop, the rest of a batch cut short."""
        cell = mailbox.cell
        if mailbox.is_closed or cell is None:
            pass  # it was lined up twice, or before it ended
        elif mailbox.is_stopping:
            cell.finish()
        elif mailbox.is_paused:
            mailbox.idle = mailbox.depth == 0  # the first to arrive rings, which notes its time
        else:
            _deliver(mailbox, self._next_messages(mailbox), end)
            mailbox.settle()
            if mailbox.special or mailbox.waiting:
                self._line_up_again(mailbox)
            else:
                mailbox.idle = True
        return perf_counter()

    def _next_messages(self, mailbox: Mailbox) -> Iterator[Any]:
        """One from the control lane, else what is left of the last batch, else a new batch."""
        if mailbox.control:
            return iter((mailbox.control.pop(0),))
        if length_hint(mailbox.batch) == 0:
            mailbox.batch = iter(mailbox.take(THROUGHPUT))
            if not mailbox.waiting:
                mailbox.stamp = self.time  # what arrives during the turn does not ring
        return mailbox.batch

    def _line_up_again(self, mailbox: Mailbox) -> None:
        if mailbox.depth or mailbox.control:
            self.ready.append(mailbox)
        else:
            mailbox.idle = not mailbox.is_closed


def _deliver(mailbox: Mailbox, messages: Iterator[Any], end: float) -> None:
    """Run the handlers one after the other; past the slice's end the rest stays in the mailbox's batch."""
    actor, handlers, clock = mailbox.actor, mailbox.handlers, perf_counter
    message: Any = None
    then = clock()
    try:
        for message in messages:
            handlers[type(message)](actor, message)
            now = clock()
            if now > end:
                if now - then > SLOW_S:
                    slow_handler(mailbox.path, name_of(message), now - then)
                return
            then = now
    except BaseException as error:  # noqa: BLE001 - the supervision boundary
        _crash(mailbox, message, error)


def _crash(mailbox: Mailbox, message: Any, error: BaseException) -> None:
    """A failing handler ends its actor; what is no ordinary exception goes on and ends the dispatcher too."""
    if mailbox.cell is not None:
        mailbox.cell.crash(error, message)
    if not isinstance(error, Exception):
        raise error
