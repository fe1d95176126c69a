"""Accounts in memory: the decisions are those of the tables, under no lock since nothing here waits in between."""

import time
from datetime import UTC, datetime

import msgspec

from engine.storage.durable.accounts import (
    ABSOLUTE_S,
    IDLE_S,
    ApiKey,
    ApiKeys,
    Credentials,
    Family,
    KeyHolder,
    Member,
    PutOut,
    Refreshed,
    SessionStart,
    SignedIn,
    User,
    UserAccounts,
    Verdict,
    judge,
)
from engine.storage.durable.accounts.keys import KEYS
from engine.storage.durable.accounts.sessions import SESSIONS
from engine.storage.durable.accounts.users import Role
from engine.storage.memory.account_tables import Signing, Token
from engine.storage.memory.tables import Tables


class MemoryUserAccounts(UserAccounts):
    """Users by id and by email."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

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
        """Makes an account."""
        await self._tables.arrive()
        accounts, email = self._tables.accounts, email.lower()
        if identity in accounts.users or google_subject in accounts.subjects or self._of(email) is not None:
            return None
        user = User(identity, email, name, role, True, datetime.now(UTC), password_hash is not None)
        accounts.users[identity], accounts.hashes[identity] = user, password_hash
        if google_subject is not None:
            accounts.subjects[google_subject] = identity
        return user

    async def user(self, identity: str) -> User | None:
        """One of them."""
        await self._tables.arrive()
        return self._tables.accounts.users.get(identity)

    async def user_of_google(self, subject: str) -> User | None:
        """The one that Google knows by this subject."""
        await self._tables.arrive()
        accounts = self._tables.accounts
        return accounts.users.get(accounts.subjects.get(subject, ""))

    async def link_google(self, identity: str, subject: str) -> User | None:
        """From now on they may sign in with Google."""
        await self._tables.arrive()
        accounts = self._tables.accounts
        if identity in accounts.subjects.values() or identity not in accounts.users:
            return None
        accounts.subjects[subject] = identity
        return accounts.users[identity]

    async def user_by_email(self, email: str) -> Credentials | None:
        """Who signs in with an email."""
        await self._tables.arrive()
        user = self._of(email.lower())
        return None if user is None else Credentials(user, self._tables.accounts.hashes[user.id])

    async def users(self, limit: int = 100, after_email: str = "") -> list[User]:
        """Those whose email comes after another one."""
        await self._tables.arrive()
        found = sorted(self._tables.accounts.users.values(), key=lambda user: user.email)
        return [user for user in found if user.email > after_email.lower()][:limit]

    async def rehash_password(self, identity: str, before: str, after: str) -> None:
        """Keeps the same password in a newer way."""
        await self._tables.arrive()
        if self._tables.accounts.hashes.get(identity) == before:
            self._tables.accounts.hashes[identity] = after

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
        """Changes what somebody may do, and ends all their sessions."""
        await self._tables.arrive()
        accounts = self._tables.accounts
        before = accounts.users.get(identity)
        if before is None or accounts.hashes[identity] not in (
            password_before or accounts.hashes[identity],
            password_hash,
        ):
            return None
        if password_hash is not None:
            accounts.hashes[identity] = password_hash
        user = accounts.users[identity] = msgspec.structs.replace(
            before,
            role=role or before.role,
            is_active=before.is_active if is_active is None else is_active,
            has_password=accounts.hashes[identity] is not None,
        )
        accounts.changed_ns[identity] = time.time_ns()
        accounts.end(accounts.live_sessions(identity), now_ns, why)
        ended = accounts.ended_at(identity, now_ns)
        keys = [key.id for key, _ in accounts.keys.values() if key.user == identity and key.is_active]
        return PutOut(user, tuple(ended), tuple(keys))

    async def delete_user(self, identity: str) -> None:
        """Takes an account away, with its sessions, keys and lists."""
        await self._tables.arrive()
        self._tables.accounts.delete(identity)

    def _of(self, email: str) -> User | None:
        return next((user for user in self._tables.accounts.users.values() if user.email == email), None)


class MemorySignedIn(SignedIn):
    """Sessions with the chains of their refresh tokens."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def begin_session(self, start: SessionStart) -> list[str] | None:
        """Begins a session; answers which of the user's oldest had to end for it."""
        await self._tables.arrive()
        accounts = self._tables.accounts
        user = accounts.users.get(start.user)
        changed = start.password_hash not in (None, accounts.hashes.get(start.user))
        if user is None or not user.is_active or changed:
            return None
        accounts.sessions[start.id] = Signing(start.user, start.now_ns, start.now_ns + int(ABSOLUTE_S * 1e9))
        accounts.tokens[start.refresh_digest] = Token(start.id, start.now_ns + int(IDLE_S * 1e9))
        accounts.end(accounts.live_sessions(start.user)[SESSIONS:], start.now_ns, "too many")
        return accounts.ended_at(start.user, start.now_ns, "too many")

    async def refresh_session(self, shown: str, successor: str, now_ns: int) -> Refreshed:
        """Lets a successor take a refresh token's place."""
        await self._tables.arrive()
        accounts = self._tables.accounts
        token = accounts.tokens.get(shown)
        if token is None:
            return Refreshed(Verdict.REFUSED)
        session = accounts.sessions[token.family]
        user = accounts.users[session.user]
        following = accounts.tokens.get(token.successor)
        by_this = (session.ended_ns, session.why) == (now_ns, "reused")
        family = Family(session.expires_ns, session.ended_ns is not None or not user.is_active, by_this)
        used = following is not None and following.used_ns is not None
        verdict = judge(family, Member(token.expires_ns, token.used_ns, used), now_ns)
        expires_ns = min(now_ns + int(IDLE_S * 1e9), session.expires_ns)
        if verdict in (Verdict.ROTATE, Verdict.REPEAT):
            token.used_ns, token.successor = token.used_ns or now_ns, successor
            accounts.tokens.setdefault(successor, Token(token.family, expires_ns))
        elif verdict is Verdict.REUSED:
            session.ended_ns, session.why = now_ns, "reused"
        return Refreshed(verdict, token.family, session.user, user.role, expires_ns)

    async def end_session(self, identity: str, now_ns: int, why: str) -> bool:
        """Ends a session."""
        del why
        await self._tables.arrive()
        session = self._tables.accounts.sessions.get(identity)
        if session is None or session.ended_ns is not None:
            return False
        session.ended_ns = now_ns
        return True

    async def session_of(self, digest: str) -> str | None:
        """The session that a refresh token belongs to."""
        await self._tables.arrive()
        token = self._tables.accounts.tokens.get(digest)
        return None if token is None else token.family

    async def forget_sessions(self, before_ns: int) -> None:
        """Takes away what had ended or expired by then."""
        await self._tables.arrive()
        accounts = self._tables.accounts
        over = [name for name, session in accounts.sessions.items() if session.over_ns < before_ns]
        accounts.forget(over)

    async def sessions_ended(self, since_ns: int) -> list[str]:
        """Those that have ended since then."""
        await self._tables.arrive()
        sessions = self._tables.accounts.sessions.items()
        return [name for name, session in sessions if (session.ended_ns or -1) >= since_ns]


class MemoryApiKeys(ApiKeys):
    """Keys by their public part."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add_key(self, key: ApiKey, digest: str) -> bool:
        """Makes a key."""
        keys = self._tables.accounts.keys
        if len(await self.keys_of(key.user)) >= KEYS or key.id in keys:
            return False
        keys[key.id] = key, digest
        return True

    async def key_holder(self, identity: str) -> KeyHolder | None:
        """An active key of an active owner."""
        await self._tables.arrive()
        accounts = self._tables.accounts
        key, digest = accounts.keys.get(identity, (None, ""))
        if key is None or not key.is_active:
            return None
        if key.user is None:
            return KeyHolder(key, digest, "admin")
        owner = accounts.users[key.user]
        return KeyHolder(key, digest, owner.role) if owner.is_active else None

    async def keys_of(self, user: str | None) -> list[ApiKey]:
        """An owner's active keys, oldest first."""
        await self._tables.arrive()
        return [key for key, _ in self._tables.accounts.keys.values() if key.user == user and key.is_active]

    async def end_key(self, identity: str, user: str | None) -> bool:
        """Ends an owner's key."""
        await self._tables.arrive()
        keys = self._tables.accounts.keys
        key, digest = keys.get(identity, (None, ""))
        if key is None or not key.is_active or key.user != user:
            return False
        keys[identity] = msgspec.structs.replace(key, is_active=False), digest
        self._tables.accounts.changed_ns[identity] = time.time_ns()
        return True

    async def keys_ended(self, since_ns: int) -> list[str]:
        """Those that have ended since then, by themselves or with their owner's account."""
        await self._tables.arrive()
        accounts = self._tables.accounts
        changed = {name for name, changed_ns in accounts.changed_ns.items() if changed_ns >= since_ns}
        gone = changed & {name for name, user in accounts.users.items() if not user.is_active}
        keys = [key for key, _ in accounts.keys.values()]
        return [key.id for key in keys if (not key.is_active and key.id in changed) or key.user in gone]
