"""The sessions of a process: one actor per client, below ``/web/sessions``."""

from functools import partial
from itertools import count
from typing import Any

import msgspec

from engine.runtime import ActorRef, ChildSpec, Restart, StartChild, StopChild
from web.hub import Outbox
from web.protocol import Close
from web.sockets.session import ClientSession, SessionRules

START_S = 5.0
CLIENTS = 10_000
"""Clients a process takes; more are sent to another."""
MOST_SHOWN = 200
"""Clients that an operator is shown at a time."""
UNKNOWN_PER_ADDRESS = 50
"""Clients of one address that have not said who they are yet."""


class Sessions:
    """Starts a session per client and stops it; refuses clients there is no room for."""

    def __init__(self, supervisor: ActorRef, rules: SessionRules) -> None:
        self._supervisor = supervisor
        self._rules = rules
        self._numbers = count(1)
        self._open: dict[ActorRef, tuple[Outbox, str]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def evidence(self) -> list[dict[str, Any]]:
        """What became of each client's updates, the slowest clients first."""
        told = [
            {
                "session": session.path,
                "address": address,
                "channels": len(outbox.marks),
                **msgspec.structs.asdict(outbox.statistics()),
            }
            for session, (outbox, address) in self._open.items()
        ]
        told.sort(key=lambda client: (client["waiting"], client["conflated"]), reverse=True)
        return told[:MOST_SHOWN]

    def has_room(self, address: str) -> bool:
        """Whether another client from this address may come in."""
        if len(self._open) >= CLIENTS:
            return False
        unknown = sum(
            1 for outbox, other in self._open.values() if other == address and not outbox.conversation.authenticated
        )
        return unknown < UNKNOWN_PER_ADDRESS

    def part_with(self, session: str) -> None:
        """Closes the clients of somebody who has signed out, or of a key that has ended."""
        for outbox, _ in list(self._open.values()):
            if outbox.principal is not None and outbox.principal.session == session:
                outbox.close(Close.BAD_TOKEN, "signed out")

    async def open(self, outbox: Outbox, address: str) -> ActorRef:
        """A session for a client; ready when it returns."""
        start = partial(ClientSession, outbox, self._rules, address)
        spec = ChildSpec(str(next(self._numbers)), start, restart=Restart.TEMPORARY, shutdown_s=1.0)
        session: ActorRef = await self._supervisor.ask(StartChild(spec), timeout_s=START_S)
        self._open[session] = (outbox, address)
        return session

    def close(self, session: ActorRef) -> None:
        """Ends a session whose client is gone."""
        if self._open.pop(session, None) is not None:
            self._supervisor.tell(StopChild(session.path.rpartition("/")[2]))
