"""The tables of accounts, in memory."""

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.storage.durable.accounts import ApiKey, User


class Signing(msgspec.Struct):
    """One session."""

    user: str
    begun_ns: int
    expires_ns: int
    ended_ns: int | None = None
    why: str = ""

    @property
    def over_ns(self) -> int:
        """When it ended, or will at the latest."""
        return self.expires_ns if self.ended_ns is None else min(self.ended_ns, self.expires_ns)


class Token(msgspec.Struct):
    """One refresh token, by whose digest it is kept."""

    family: str
    expires_ns: int
    used_ns: int | None = None
    successor: str = ""


class Accounts:
    """What the tables of accounts hold."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.hashes: dict[str, str | None] = {}
        self.subjects: dict[str, str] = {}
        """Users by Google's name for them."""
        self.sessions: dict[str, Signing] = {}
        self.tokens: dict[str, Token] = {}
        self.changed_ns: dict[str, int] = {}
        """When users and keys were changed."""
        self.keys: dict[str, tuple[ApiKey, str]] = {}

    def live_sessions(self, user: str) -> list[str]:
        """A user's, newest first."""
        live = [(session.begun_ns, name) for name, session in self.sessions.items() if _is_live(session, user)]
        return [name for _, name in sorted(live, reverse=True)]

    def ended_at(self, user: str, time_ns: int, why: str | None = None) -> list[str]:
        """A user's that ended just then, and for that reason."""
        ended = [(name, one) for name, one in self.sessions.items() if (one.user, one.ended_ns) == (user, time_ns)]
        return [name for name, one in ended if why in (None, one.why)]

    def delete(self, user: str) -> None:
        """Takes a user away with all that is theirs."""
        self.users.pop(user, None)
        self.subjects = {subject: owner for subject, owner in self.subjects.items() if owner != user}
        self.keys = {name: kept for name, kept in self.keys.items() if kept[0].user != user}
        self.forget([name for name, session in self.sessions.items() if session.user == user])

    def forget(self, names: "Sequence[str]") -> None:
        """Takes sessions away with their tokens."""
        self.sessions = {name: session for name, session in self.sessions.items() if name not in names}
        self.tokens = {digest: token for digest, token in self.tokens.items() if token.family not in names}

    def end(self, names: "Sequence[str]", now_ns: int, why: str) -> None:
        """Ends sessions."""
        for name in names:
            self.sessions[name].ended_ns, self.sessions[name].why = now_ns, why


def _is_live(session: Signing, user: str) -> bool:
    return session.user == user and session.ended_ns is None
