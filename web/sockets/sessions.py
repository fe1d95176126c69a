"""The sessions of a process: one actor per client, below ``/web/sessions``."""

from functools import partial
from itertools import count
from typing import Any, ClassVar

import msgspec

from engine.runtime import (
    ActorRef,
    ChildSpec,
    DynamicSupervisor,
    MailboxSpec,
    Restart,
    StartChild,
    StopChild,
)
from web.hub import Outbox
from web.sockets.session import ClientSession, SessionRules

START_S = 30.0
"""Time for a session to start. When thousands come at once their handshakes keep the loop, and sessions wait behind them:
with less time, and 1,000 places to wait in, nearly all of 2,000 clients were cut off, only to come again together."""
MOST_SHOWN = 200
"""Clients that an operator is shown at a time."""


class SessionSupervisor(DynamicSupervisor):
    """Has room for a start and a stop of each client that a process takes, so that all may come or go at once."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=20_000)


class Sessions:
    """Starts a session per client and stops it."""

    def __init__(self, supervisor: ActorRef, rules: SessionRules) -> None:
        self._supervisor = supervisor
        self._rules = rules
        self._numbers = count(1)
        self._open: dict[ActorRef, Outbox] = {}

    def __len__(self) -> int:
        return len(self._open)

    def evidence(self) -> list[dict[str, Any]]:
        """What became of each client's updates, the slowest clients first: published = delivered + conflated + dropped
        + waiting.
        """
        told = [
            {
                "session": session.path,
                "address": self._rules.admission.address(outbox),
                "client": None if outbox.principal is None else f"{outbox.principal.kind}:{outbox.principal.subject}",
                "dialect": outbox.conversation.dialect.name,
                "channels": len(outbox.marks),
                **msgspec.structs.asdict(outbox.statistics()),
            }
            for session, outbox in self._open.items()
        ]
        told.sort(key=lambda client: (client["waiting"], client["conflated"]), reverse=True)
        return told[:MOST_SHOWN]

    async def open(self, outbox: Outbox, address: str) -> ActorRef:
        """A session for a client that has entered; ready when it returns.

        A client may be parted with while it begins: then it does not stay behind with nobody to end it. Raises
        MailboxFullError or AskTimeoutError when too many come at once.
        """
        name = str(next(self._numbers))
        start = partial(ClientSession, outbox, self._rules, address)
        spec = ChildSpec(name, start, restart=Restart.TEMPORARY, shutdown_s=1.0)
        begun = False
        try:
            session: ActorRef = await self._supervisor.ask(StartChild(spec), timeout_s=START_S)
            begun = True
        finally:
            if not begun:
                self._supervisor.tell(StopChild(name))
        self._open[session] = outbox
        return session

    def close(self, session: ActorRef) -> None:
        """Ends a session whose client is gone."""
        if self._open.pop(session, None) is not None:
            self._supervisor.tell(StopChild(session.path.rpartition("/")[2]))
