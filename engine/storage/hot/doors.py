"""Who may come in, as all web processes must know it at once: tickets for sockets, attempts, and ended sessions."""

from typing import Literal

import msgspec

from engine.storage.hot import keys
from engine.storage.hot.events import read_stream
from engine.storage.hot.link import RedisLink
from engine.storage.packing import pack, unpack

EndedKind = Literal["sid", "key"]


class Ended(msgspec.Struct, frozen=True):
    """What has ended: somebody's session (``sid``), or an API key. A user who is put out ends by all of theirs."""

    kind: EndedKind
    name: str


class Doors:
    """Tickets are taken once; ends are told to everybody who follows, and to who begins to within the next hours."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def keep_ticket(self, digest: str, content: bytes) -> None:
        """Keeps for 30 s what the ticket of that SHA-256 admits."""
        await self._link.call("SET", keys.ticket(digest), content, "EX", keys.TICKET_EXPIRY_S)

    async def take_ticket(self, digest: str) -> bytes | None:
        """What a ticket admits, once; ``None`` when it was taken, is too old or never was.

        Repeated after a lost answer it finds nothing: its owner has to fetch another, nobody comes in twice.
        """
        return await self._link.call("GETDEL", keys.ticket(digest))

    async def keep_sign_in(self, digest: str, content: bytes) -> None:
        """Keeps for 10 minutes what a sign-in elsewhere was begun with, by the SHA-256 of its state."""
        await self._link.call("SET", keys.sign_in(digest), content, "EX", keys.SIGN_IN_EXPIRY_S)

    async def take_sign_in(self, digest: str) -> bytes | None:
        """The same, once; repeated after a lost answer it finds nothing, and the sign-in is begun again."""
        return await self._link.call("GETDEL", keys.sign_in(digest))

    async def count_attempt(self, name: str, window_s: int) -> tuple[int, int]:
        """Counts an attempt; how many there were in this window, and the seconds that are left of it.

        Repeated after a lost answer it counts twice.
        """
        key = keys.attempts(name)
        commands = [("SET", key, 0, "EX", window_s, "NX"), ("INCR", key), ("TTL", key)]
        _, count, left_s = await self._link.many(commands, together=True)
        return int(count), int(left_s)

    async def forgive_attempts(self, name: str) -> None:
        """Begins to count anew."""
        await self._link.call("DEL", keys.attempts(name))

    async def end_session(self, kind: EndedKind, *names: str) -> None:
        """Tells all processes that sessions or API keys have ended. Safe to repeat."""
        add = ("XADD", keys.SESSIONS, "MAXLEN", "~", keys.SESSIONS_LENGTH, "*", "data")
        await self._link.many([(*add, pack([kind, name])) for name in names])

    async def follow_sessions(self, after_id: str, block_ms: int = 0) -> list[tuple[str, Ended]]:
        """Up to a thousand ends after an id (``0-0``: from the oldest), each with its own; its first part is ms UTC.

        Waits up to ``block_ms`` for the first; 0 does not wait.
        """
        entries = await read_stream(self._link, keys.SESSIONS, after_id, 1_000, block_ms)
        return [(identity, Ended(*unpack(packed))) for identity, packed in entries]
