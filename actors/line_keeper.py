"""The keeper of one line: connects it while it is needed, again after every failure, and changes connections without a gap."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import structlog

from actors.line import Line
from actors.line_parts import LineParts
from actors.line_reader import LineReader
from engine.market.diagnosis import RECONNECT_CURES, Cause
from engine.market.handover import HELD_S, Handover
from engine.providers.base import Connection, ProviderError, Route

log = structlog.get_logger("ticktree.feed")

STABLE_AFTER_S = 30.0
"""A connection that carried data this long has earned a fresh backoff; merely connecting has not."""
LATE_S = 2.0
"""So long after a handover the new connection may still bring what the old one has brought."""
TURN_S = 60.0
"""How long changing a connection may take, with all that is waited for."""


@dataclass(frozen=True, slots=True)
class Heir:
    """A second connection that is about to take the first one's place."""

    reader: LineReader
    scope: anyio.CancelScope
    handover: Handover
    began_ns: int


class LineKeeper:
    """Each connection lives in a task of its own; the one whose scope is ``_scope`` answers for the line."""

    def __init__(self, line: Line, parts: LineParts) -> None:
        self.line = line
        self._parts = parts
        self._watch = parts.watch(line)
        self._pause = parts.pause(line)
        self._record = parts.record(line)
        self._scope = anyio.CancelScope()
        self._reader: LineReader | None = None
        self._reading = anyio.CancelScope()
        self._heir: Heir | None = None
        self._succeeding = anyio.CancelScope()
        """Of the second connection, from before it is opened."""
        self._began_s = 0.0
        """When the last connection was begun."""
        self._connected = anyio.Event()
        self._failure: ProviderError | None = None
        """Why no second connection could be had."""

    # What the feed wants

    def begin(self) -> None:
        """From now on the line is kept."""
        self._parts.voice.carries(self.line)
        self._parts.spawn(self._keep, self._scope, self._carry)

    def end(self) -> None:
        """Nothing is carried any more."""
        self.line.carry(())
        self._scope.cancel()
        self._succeeding.cancel()
        self._parts.voice.carries(self.line)
        self._parts.voice.status(self.line, Cause.CLOSED, why="it carries no instruments any more")

    def change(self, routes: Sequence[Route]) -> None:
        """Others join or leave; those that stay are not disturbed."""
        known, now_ns = frozenset(self.line.instruments), self._parts.now_ns()
        self.line.carry(routes)
        self._parts.voice.carries(self.line)
        if self.line.connection is not None:
            self.line.joined |= {name: now_ns for name in self.line.instruments if name not in known}
        self._pause.changed()
        for reader in (self._reader if self.line.connection is not None else None, self._heir and self._heir.reader):
            if reader is not None:
                self._parts.spawn(self._try, reader.follow)

    def resubscribe(self, instruments: Sequence[str]) -> None:
        """Once more: the others on the line are heard, they are not."""
        routes = self.line.routes_of(instruments)
        if self.line.connection is not None and routes:
            log.info("resubscribing", provider=self._parts.feed.name, connection=self.line.number, count=len(routes))
            self._parts.spawn(self._try, partial(_resubscribe, self.line.connection, routes))

    async def renew(self, *, has_room: bool) -> ProviderError | None:
        """Goes on with the newest credential; gives why not, where the old connection goes on instead.

        Without room for a second connection the first one is closed before: what is missed in between is healed.
        """
        self._failure = None
        if self.line.connection is None:
            self._pause.renewed()
        elif has_room:
            await self._succeed()
        else:
            await self._reopen()
        return self._failure

    # How it is kept

    async def _keep(self, scope: anyio.CancelScope, carry: Callable[[anyio.CancelScope], Awaitable[None]]) -> None:
        attempt = 0
        with scope:
            while True:
                try:
                    await carry(scope)
                except ProviderError as error:
                    if not self._goes_on(scope, error):
                        return
                    is_stable = anyio.current_time() - self._began_s > STABLE_AFTER_S
                    if is_stable:
                        self._parts.alarm.accepted()
                    attempt = 0 if is_stable else attempt + 1
                    attempt = 0 if await self._pause.after(error, attempt) else attempt
                carry = self._carry

    async def _carry(self, _: anyio.CancelScope) -> None:
        """One connection, until its hours are over; until it ends, which raises ProviderError."""
        await self._until_needed()
        self._parts.voice.status(self.line, Cause.DISCONNECTED, "connecting")
        routes, self._began_s = self.line.routes, anyio.current_time()
        async with self._record.opening(self._parts.connect(self.line, routes)) as connection:
            await self._carry_on(connection, routes)

    async def _carry_on(self, connection: Connection, routes: tuple[Route, ...]) -> None:
        self._connected.set()
        self.line.begin(connection, anyio.current_time())
        self._reader = reader = self._parts.reader(self.line, connection, routes)
        if routes != self.line.routes:  # it has changed meanwhile
            self._parts.spawn(self._try, reader.follow)
        await self._serve(reader, self._watch.watch)

    async def _serve(self, reader: LineReader, accompany: Callable[[anyio.CancelScope], Awaitable[None]]) -> None:
        """Reads, and does something beside it, until the connection ends or the reading is ended."""
        line, watching = self.line, anyio.CancelScope()
        with anyio.CancelScope() as reading:
            self._parts.spawn(_within, watching, accompany, reading)
            if reader is self._reader:
                self._reading = reading
            try:
                await reader.read()
            except ProviderError as error:
                if self._heir is None:
                    self._record.lost(error)
                raise
            finally:
                watching.cancel()
                if reader is self._reader:
                    line.connection = None
                    self._parts.voice.heard(line)
        if reader is self._reader and line.told[1] in RECONNECT_CURES:
            raise ProviderError(line.listening.explain(line.told[1], anyio.current_time()))

    async def _until_needed(self) -> None:
        """Returns when one of the line's exchanges will open soon: up all night, it would reconnect for nothing."""
        hours, line = self._parts.hours, self.line
        while not hours.is_needed(line):
            if line.told[1] is not Cause.CLOSED:
                self._parts.voice.status(line, Cause.CLOSED, "closed", "not connected: its exchanges are closed")
            await self._pause.sleep(hours.sleep_s(line), heeds_change=True)

    async def _try(self, change: Callable[[], Awaitable[None]]) -> None:
        try:
            await change()
        except ProviderError as error:  # whoever reads the connection hears of its end as well
            log.info("not_resubscribed", provider=self._parts.feed.name, connection=self.line.number, error=str(error))

    # How one connection takes another's place

    async def _succeed(self) -> None:
        scope, done = anyio.CancelScope(), anyio.Event()
        self._succeeding = scope
        self._parts.spawn(self._keep, scope, partial(self._take_over, done))
        with anyio.move_on_after(TURN_S):
            await done.wait()

    async def _take_over(self, done: anyio.Event, scope: anyio.CancelScope) -> None:
        """A second connection: read beside the first one for a while, then in its place."""
        routes = self.line.routes
        try:
            async with self._parts.connect(self.line, routes) as connection:
                incumbent = self._reader
                if self.line.connection is None or incumbent is None:  # it ended meanwhile: a beginning as any other
                    self._scope.cancel()
                    self._scope = scope
                    done.set()
                    self._record.opened()
                    await self._carry_on(connection, routes)
                    return
                heir = self._adopt(self._parts.reader(self.line, connection, routes), incumbent, scope)
                await self._serve(heir.reader, partial(self._overlap, heir, done))
        finally:
            done.set()

    def _adopt(self, reader: LineReader, incumbent: LineReader, scope: anyio.CancelScope) -> Heir:
        handover = Handover(self.line.instruments, self.line.newest, anyio.current_time())
        reader.succeeds = True
        reader.handover = incumbent.handover = handover
        self._heir = Heir(reader, scope, handover, self._parts.now_ns())
        return self._heir

    async def _overlap(self, heir: Heir, done: anyio.Event, reading: anyio.CancelScope) -> None:
        while heir is self._heir and not heir.handover.is_over(anyio.current_time()):
            await anyio.sleep(HELD_S / 5)
            heir.reader.deliver(heir.handover.overdue(anyio.current_time()))
        if heir is self._heir:
            self._install(heir)
        self._reading = reading
        done.set()
        await anyio.sleep(LATE_S)
        heir.reader.handover = None
        await self._watch.watch(reading)

    def _install(self, heir: Heir) -> None:
        """The heir answers for the line from now on."""
        incumbent, before, self._heir = self._reader, self._scope, None
        self._reader, self._scope = heir.reader, heir.scope
        if incumbent is not None:
            incumbent.is_relieved = True
        self.line.continue_on(heir.reader.connection, anyio.current_time())
        heir.reader.deliver(heir.handover.finish())
        before.cancel()
        log.info("connection_replaced", provider=self._parts.feed.name, connection=self.line.number)

    def _goes_on(self, scope: anyio.CancelScope, error: ProviderError) -> bool:
        """Whether the connection that has failed is the one that answers for the line, and has no heir."""
        heir = self._heir
        if scope is not self._scope:
            self._tell_not_replaced(error)
            return False
        if heir is not None:
            self._install(heir)
            return False
        return True

    def _tell_not_replaced(self, error: ProviderError) -> None:
        """The old connection goes on. What it brought of those that were cut over already nobody has passed on."""
        heir, self._heir = self._heir, None
        if heir is not None and self._reader is not None:
            self._reader.handover = None
            self._reader.deliver(heir.handover.finish())
            self._parts.voice.doubt(self.line, self._parts.now_ns(), heir.began_ns)
        self._failure = error
        log.warning(
            "connection_not_replaced", provider=self._parts.feed.name, connection=self.line.number, why=str(error)
        )

    async def _reopen(self) -> None:
        """All connections that the provider allows are taken."""
        log.warning("connection_reopened", provider=self._parts.feed.name, connection=self.line.number)
        self._connected = anyio.Event()
        self._reading.cancel()
        with anyio.move_on_after(TURN_S):
            await self._connected.wait()


async def _within(scope: anyio.CancelScope, work: Callable[..., Awaitable[Any]], *arguments: Any) -> None:
    with scope:
        await work(*arguments)


async def _resubscribe(connection: Connection, routes: Sequence[Route]) -> None:
    await connection.unsubscribe(routes)
    await connection.subscribe(routes)
