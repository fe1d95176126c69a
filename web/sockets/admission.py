"""Admission: who is in, as whom, and how many of one address or account there may be."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import msgspec

from engine.storage.errors import StorageError
from engine.storage.hot import HotStore
from web.access import Access, AccessError, NotReadyError, TokenEndedError
from web.accounts.principal import STREAM, Principal, unpack_principal
from web.accounts.tokens import digest
from web.hub import Outbox
from web.protocol import Authenticate, Close, Code, Problem

_Holder = tuple[Literal["user", "key", "operator", "public", "unknown"], str]


class Room(msgspec.Struct, frozen=True):
    """How many clients a process takes: in all, of one user or key, and of one address."""

    clients: int
    per_account: int
    """An administrator's token has no such limit."""
    per_address: int
    """On the public feed, and as many that have not said who they are yet."""

    def most(self, principal: Principal) -> int:
        """Clients there may be of the same somebody."""
        if principal.kind == "operator":
            return self.clients
        return self.per_address if principal.kind == "public" else self.per_account


@dataclass(slots=True)
class _Guest:
    address: str
    holder: _Holder


class Admission:
    """Recognizes clients by token or ticket, counts them, and parts with those whose session has ended.

    A client is counted from its handshake on, before it has said who it is: nobody slips in between.
    """

    def __init__(self, hot: HotStore, access: Access, room: Room) -> None:
        self._hot = hot
        self._access = access
        self._room = room
        self._guests: dict[Outbox, _Guest] = {}
        self._counts: Counter[_Holder] = Counter()

    def __len__(self) -> int:
        return len(self._guests)

    def enter(self, outbox: Outbox, address: str, *, shows: bool) -> bool:
        """Whether there is room for another client of this address, which shows something or not; it stays until it leaves.

        Who shows a token at once is not kept out by neighbours that show nothing.
        """
        holder: _Holder = ("unknown", address)
        crowded = not shows and self._counts[holder] >= self._room.per_address
        if crowded or len(self._guests) >= self._room.clients:
            return False
        self._guests[outbox] = _Guest(address, holder)
        self._counts[holder] += 1
        return True

    def leave(self, outbox: Outbox) -> None:
        """A client is gone; to be called as often as one likes."""
        guest = self._guests.pop(outbox, None)
        if guest is not None:
            self._forget(guest.holder)

    def fellows(self, outbox: Outbox) -> list[Outbox]:
        """The other clients of the same user, key or address of the public feed; an administrator's token has none."""
        guest = self._guests.get(outbox)
        if guest is None or guest.holder[0] == "operator":
            return []
        return [one for one, other in self._guests.items() if other.holder == guest.holder and one is not outbox]

    def address(self, outbox: Outbox) -> str:
        """From where a client came."""
        return self._guests[outbox].address

    async def recognize(self, shown: Authenticate, address: str) -> Principal:
        """Whose the token or ticket is; a ticket is spent by it. Raises AccessError when it admits nobody."""
        if not shown.ticket:
            return await self._access.admit(shown.token, address)
        try:
            packed = await self._hot.take_ticket(digest(shown.ticket))
        except StorageError as error:
            raise NotReadyError from error
        if packed is None:
            raise TokenEndedError("A ticket opens one socket, within 30 s.")
        principal = unpack_principal(packed)
        self._access.check(principal)
        return principal

    def admit(self, outbox: Outbox, principal: Principal, request: int | str | None = None) -> bool:
        """From now on the client is known, if it may open sockets at all and there are not too many of its kind."""
        guest = self._guests.get(outbox)
        if guest is None or outbox.closed:
            return False
        if STREAM not in principal.scopes:
            outbox.send_problem(Problem(Code.NOT_ALLOWED, f"this needs the scope {STREAM!r}", id=request))
            outbox.close(Close.PERMISSION, "not allowed")
            return False
        holder: _Holder = (principal.kind, principal.subject)
        if holder != guest.holder:
            if self._counts[holder] >= self._room.most(principal):
                refuse(outbox, "too many clients of this account", request)
                return False
            self._forget(guest.holder)
            self._counts[holder] += 1
            guest.holder = holder
        outbox.principal = principal
        outbox.conversation.authenticated = True
        return True

    def part_with(self, session: str) -> None:
        """Closes the clients of somebody who has signed out, or of a key that has ended."""
        for outbox in list(self._guests):
            if outbox.principal is not None and outbox.principal.session == session:
                outbox.close(Close.BAD_TOKEN, "signed out")

    def part_with_operators(self) -> None:
        """Closes the clients of the administrator's token, which has been replaced."""
        for outbox in list(self._guests):
            if outbox.principal is not None and outbox.principal.kind == "operator":
                outbox.close(Close.BAD_TOKEN, "the administrator's token was replaced")

    def _forget(self, holder: _Holder) -> None:
        self._counts[holder] -= 1
        if not self._counts[holder]:
            del self._counts[holder]


def refuse(outbox: Outbox, why: str, request: int | str | None = None) -> None:
    """Parts with a client that there is no room for."""
    outbox.send_problem(Problem(Code.TOO_MANY_CONNECTIONS, why, temporary=True, id=request))
    outbox.close(Close.CONNECTION_LIMIT, why)


def turn_away(outbox: Outbox, error: AccessError, request: int | str | None = None) -> None:
    """Parts with a client whose token was not admitted; one that came before tokens were known is asked to come again."""
    if isinstance(error, NotReadyError):
        outbox.send_problem(Problem(Code.INTERNAL, str(error), temporary=True, id=request))
        outbox.close(Close.SERVER_RESTART, "not ready yet")
    else:
        outbox.send_problem(Problem(Code.AUTHENTICATION_FAILED, str(error), id=request))
        outbox.close(Close.BAD_TOKEN, "authentication failed")
