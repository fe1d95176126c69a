"""The tables of sessions and refresh tokens: who is signed in, and which token comes next."""

from datetime import datetime, timedelta

import asyncpg
import msgspec

from engine.storage.durable.accounts.rotation import ABSOLUTE_S, IDLE_S, Family, Member, Verdict, judge
from engine.storage.durable.accounts.users import Role
from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.times import EPOCH, MICROSECOND_NS, moment

SESSIONS = 100
"""That one user may have at a time; the oldest ends when another begins."""

_MICROSECOND = timedelta(microseconds=1)
_MAY_BEGIN = """
SELECT role FROM users WHERE id = $1 AND is_active AND ($2::text IS NULL OR password_hash = $2) FOR SHARE
"""
_FORGET = "DELETE FROM sessions WHERE expires_at < $1 OR ended_at < $1"
_BEGIN = """
INSERT INTO sessions (id, user_id, address, created_at, expires_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""
_ADD_REFRESH = """
INSERT INTO refresh_tokens (digest, family, expires_at, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
_END_SURPLUS = """
UPDATE sessions SET ended_at = $2, ended_why = 'too many' WHERE id IN (
    SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL ORDER BY created_at DESC, id OFFSET $3
)
"""
_SURPLUS = "SELECT id FROM sessions WHERE user_id = $1 AND ended_at = $2 AND ended_why = 'too many'"
_LOCK = """
SELECT s.id FROM sessions s WHERE s.id = (SELECT family FROM refresh_tokens WHERE digest = $1) FOR UPDATE
"""
_SHOWN = """
SELECT s.id, s.user_id, s.expires_at AS family_expires_at, u.role,
    s.ended_at IS NOT NULL OR NOT u.is_active AS ended,
    coalesce((s.ended_at, s.ended_why) = ($2, 'reused'), false) AS ended_by_this, t.expires_at, t.used_at, next.used_at IS NOT NULL AS successor_used
FROM refresh_tokens t JOIN sessions s ON s.id = t.family JOIN users u ON u.id = s.user_id
    LEFT JOIN refresh_tokens next ON next.digest = t.successor
WHERE t.digest = $1
"""
_USE = "UPDATE refresh_tokens SET used_at = coalesce(used_at, $2), successor = $3 WHERE digest = $1"
_END = "UPDATE sessions SET ended_at = $2, ended_why = $3 WHERE id = $1 AND ended_at IS NULL RETURNING id"
_OF_TOKEN = "SELECT family FROM refresh_tokens WHERE digest = $1"  # noqa: S105 - no token, a query
_ENDED = "SELECT id FROM sessions WHERE ended_at >= $1"


class SessionStart(msgspec.Struct, frozen=True):
    """Somebody signs in."""

    id: str
    user: str
    refresh_digest: str
    address: str
    now_ns: int
    password_hash: str | None = None
    """What the password was compared with: changed meanwhile, it does not count."""


class Refreshed(msgspec.Struct, frozen=True):
    """What became of a refresh token; whose it is, when it is one of ours."""

    verdict: Verdict
    session: str = ""
    user: str = ""
    role: Role = "user"
    expires_ns: int = 0
    """When its successor is not good any more."""


class SignedIn:
    """Sessions, each with the chain of its refresh tokens, kept as digests."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def begin_session(self, start: SessionStart) -> list[str] | None:
        """Begins a session; answers which of the user's oldest had to end for it.

        ``None``, and nothing begun, when there is no such active user, or their password was changed meanwhile.
        """

        async def begin(connection: Connection) -> list[str] | None:
            if await connection.fetchval(_MAY_BEGIN, start.user, start.password_hash) is None:
                return None
            now = moment(start.now_ns)
            expires = _after(start.now_ns, ABSOLUTE_S)
            await connection.execute(_BEGIN, start.id, start.user, start.address, now, expires)
            await connection.execute(_ADD_REFRESH, start.refresh_digest, start.id, _after(start.now_ns, IDLE_S), now)
            await connection.execute(_END_SURPLUS, start.user, now, SESSIONS)
            return [row["id"] for row in await connection.fetch(_SURPLUS, start.user, now)]

        return await self._link.run(begin)

    async def refresh_session(self, shown: str, successor: str, now_ns: int) -> Refreshed:
        """Lets a successor take a refresh token's place, both by their digests; ends the family when it was copied.

        Done a second time with the same time, because the answer was lost, it answers the same.

        The family's row is locked first and its token read after that: of two who refresh at once the second sees what
        the first has done, and no token comes into a family that is being ended.
        """

        async def refresh(connection: Connection) -> Refreshed:
            await connection.fetchval(_LOCK, shown)
            row = await connection.fetchrow(_SHOWN, shown, moment(now_ns))
            if row is None:
                return Refreshed(Verdict.REFUSED)
            verdict = judge(*_judged(row), now_ns)
            expires = min(_after(now_ns, IDLE_S), row["family_expires_at"])
            if verdict in (Verdict.ROTATE, Verdict.REPEAT):
                await connection.execute(_USE, shown, moment(now_ns), successor)
                await connection.execute(_ADD_REFRESH, successor, row["id"], expires, moment(now_ns))
            elif verdict is Verdict.REUSED:
                await connection.execute(_END, row["id"], moment(now_ns), "reused")
            return Refreshed(verdict, row["id"], row["user_id"], row["role"], _ns(expires))

        return await self._link.run(refresh)

    async def end_session(self, identity: str, now_ns: int, why: str) -> bool:
        """Ends a session; false when it has ended already, or never was."""
        return await self._link.value(_END, identity, moment(now_ns), why) is not None

    async def session_of(self, digest: str) -> str | None:
        """The session that a refresh token belongs to, whatever became of either."""
        return await self._link.value(_OF_TOKEN, digest)

    async def forget_sessions(self, before_ns: int) -> None:
        """Takes away what had ended or expired by then."""
        await self._link.value(_FORGET, moment(before_ns))

    async def sessions_ended(self, since_ns: int) -> list[str]:
        """Those that have ended since then, as long as they have not been forgotten."""
        return [row["id"] for row in await self._link.rows(_ENDED, moment(since_ns))]


def _after(now_ns: int, seconds: float) -> datetime:
    return moment(now_ns + int(seconds * 1e9))


def _ns(time: datetime) -> int:
    return (time - EPOCH) // _MICROSECOND * MICROSECOND_NS


def _judged(row: asyncpg.Record) -> tuple[Family, Member]:
    used = row["used_at"]
    family = Family(_ns(row["family_expires_at"]), row["ended"], row["ended_by_this"])
    return family, Member(_ns(row["expires_at"]), None if used is None else _ns(used), row["successor_used"])
