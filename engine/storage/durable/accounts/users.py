"""The users' table: who has an account here, and what happens to all of their sessions at once."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from datetime import datetime
from typing import Literal

import asyncpg
import msgspec

from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.times import moment

Role = Literal["user", "admin"]

_COLUMNS = "id, email, name, role, is_active, created_at, password_hash IS NOT NULL AS has_password"
_ADD = f"""
INSERT INTO users (id, email, name, password_hash, google_subject, role) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING RETURNING {_COLUMNS}
"""
_ONE = f"SELECT {_COLUMNS} FROM users WHERE id = $1"
_OF_GOOGLE = f"SELECT {_COLUMNS} FROM users WHERE google_subject = $1"
_CREDENTIALS = f"SELECT {_COLUMNS}, password_hash FROM users WHERE lower(email) = $1"
_LIST = f"SELECT {_COLUMNS} FROM users WHERE lower(email) > $1 ORDER BY lower(email) LIMIT $2"
_LINK_GOOGLE = f"""
UPDATE users SET google_subject = $2, updated_at = now() WHERE id = $1 AND google_subject IS NULL RETURNING {_COLUMNS}
"""
_CHANGE = f"""
UPDATE users SET role = coalesce($2, role), is_active = coalesce($3, is_active),
    password_hash = coalesce($4, password_hash), updated_at = now()
WHERE id = $1 AND ($5::text IS NULL OR password_hash IN ($4, $5)) RETURNING {_COLUMNS}
"""
_REHASH = "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2"
_END_SESSIONS = "UPDATE sessions SET ended_at = $2, ended_why = $3 WHERE user_id = $1 AND ended_at IS NULL"
_ENDED_NOW = "SELECT id FROM sessions WHERE user_id = $1 AND ended_at = $2"  # also when this is done a second time
_KEYS = "SELECT id FROM api_keys WHERE user_id = $1 AND is_active"


class User(msgspec.Struct, frozen=True):
    """Somebody with an account."""

    id: str
    email: str
    """In small letters."""
    name: str
    role: Role
    is_active: bool
    created_at: datetime
    has_password: bool
    """Not, when they only sign in with Google."""


class Credentials(msgspec.Struct, frozen=True):
    """A user, and the hash of the password."""

    user: User
    password_hash: str | None

    def __repr__(self) -> str:
        return f"Credentials({self.user.id})"


class PutOut(msgspec.Struct, frozen=True):
    """A user after a change, and what is not good any more because of it."""

    user: User
    sessions: tuple[str, ...]
    keys: tuple[str, ...]
    """Their keys: those that remember one look again."""


class UserAccounts:
    """Users by id and by email, which is compared in small letters."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def add_user(
        self,
        identity: str,
        email: str,
        *,
        name: str = "",
        password_hash: str | None = None,
        google_subject: str | None = None,
        role: Role = "user",
    ) -> User | None:
        """Makes an account; ``None`` when the id, the email or the subject has one already."""
        rows = await self._link.rows(_ADD, identity, email.lower(), name, password_hash, google_subject, role)
        return _user(rows[0]) if rows else await self._same(identity, email)

    async def user(self, identity: str) -> User | None:
        """One of them."""
        rows = await self._link.rows(_ONE, identity)
        return _user(rows[0]) if rows else None

    async def user_of_google(self, subject: str) -> User | None:
        """The one that Google knows by this subject."""
        rows = await self._link.rows(_OF_GOOGLE, subject)
        return _user(rows[0]) if rows else None

    async def link_google(self, identity: str, subject: str) -> User | None:
        """From now on they may sign in with Google; ``None`` when they do with another account already."""
        rows = await self._link.rows(_LINK_GOOGLE, identity, subject)
        return _user(rows[0]) if rows else None

    async def user_by_email(self, email: str) -> Credentials | None:
        """Who signs in with an email, and what their password is compared with."""
        rows = await self._link.rows(_CREDENTIALS, email.lower())
        return Credentials(_user(rows[0]), rows[0]["password_hash"]) if rows else None

    async def users(self, limit: int = 100, after_email: str = "") -> list[User]:
        """Those whose email comes after another one, in the order of their emails."""
        return [_user(row) for row in await self._link.rows(_LIST, after_email.lower(), limit)]

    async def rehash_password(self, identity: str, before: str, after: str) -> None:
        """Keeps the same password in a newer way, unless it has been changed."""
        await self._link.value(_REHASH, identity, before, after)

    async def change_user(
        self,
        identity: str,
        now_ns: int,
        why: str,
        *,
        role: Role | None = None,
        is_active: bool | None = None,
        password_hash: str | None = None,
        password_before: str | None = None,
    ) -> PutOut | None:
        """Changes what somebody may do, or how they sign in, and ends all their sessions; ``None``: there is no such user.

        Nor one when the password is to take the place of ``password_before`` and another one has.
        In one transaction, and the user's row first: a sign-in that is under way is ended with the others, or refused.
        """

        async def change(connection: Connection) -> PutOut | None:
            row = await connection.fetchrow(_CHANGE, identity, role, is_active, password_hash, password_before)
            if row is None:
                return None
            await connection.execute(_END_SESSIONS, identity, moment(now_ns), why)
            ended = await connection.fetch(_ENDED_NOW, identity, moment(now_ns))
            keys = await connection.fetch(_KEYS, identity)
            return PutOut(_user(row), tuple(end["id"] for end in ended), tuple(key["id"] for key in keys))

        return await self._link.run(change)

    async def delete_user(self, identity: str) -> None:
        """Takes an account away, with its sessions, keys and lists. Who is in must be put out before, and told so."""
        await self._link.value("DELETE FROM users WHERE id = $1", identity)

    async def _same(self, identity: str, email: str) -> User | None:
        """The account that this very call made, when it had to be repeated."""
        user = await self.user(identity)
        return user if user is not None and user.email == email.lower() else None


def _user(row: asyncpg.Record) -> User:
    return User(
        row["id"], row["email"], row["name"], row["role"], row["is_active"], row["created_at"], row["has_password"]
    )
