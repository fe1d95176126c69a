"""Accounts: who signs up, in and out, and what a web process does when one of them changes."""

import base64
import hmac
import re
import secrets
from collections.abc import Callable, Iterable
from hashlib import sha256

import msgspec
import structlog

from engine.storage.durable import DurableStore
from engine.storage.durable.accounts import (
    IDLE_S,
    Credentials,
    PutOut,
    SessionStart,
    User,
    Verdict,
)
from engine.storage.durable.accounts.users import Role
from engine.storage.errors import StorageError
from engine.storage.hot import EndedKind, HotStore
from web.accounts.ended import EndedSessions
from web.accounts.errors import CredentialsError, EmailError, EmailTakenError, SessionOverError
from web.accounts.passwords import Passwords, check_new_password
from web.accounts.tokens import AccessTokens, digest, random_token

log = structlog.get_logger("ticktree.accounts")

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f.]+")
_LONGEST_EMAIL = 254
_TOKEN = re.compile(r"[0-9A-Za-z_-]{43}")


class Grant(msgspec.Struct, frozen=True):
    """What somebody gets who has shown who they are."""

    user: str
    session: str
    access_token: str
    refresh_token: str
    refresh_expires_s: float
    """Unix seconds."""

    def __repr__(self) -> str:
        return f"Grant({self.session})"


class Accounts:
    """Signs people up, in and out; the database is the truth, and what ends is told to all processes at once."""

    def __init__(
        self,
        durable: DurableStore,
        hot: HotStore,
        tokens: AccessTokens,
        passwords: Passwords,
        ended: EndedSessions,
        *,
        key: str,
        now_ns: Callable[[], int],
    ) -> None:
        """``key`` is the secret that successors of refresh tokens are made with."""
        self.passwords = passwords
        self.ended = ended
        self._durable = durable
        self._hot = hot
        self._tokens = tokens
        self._key = key.encode()
        self._now_ns = now_ns

    async def register(self, email: str, password: str, name: str = "", *, role: Role = "user") -> User:
        """Makes an account. Raises EmailError, PasswordError or EmailTakenError."""
        email = checked_email(email)
        check_new_password(password, email, email.partition("@")[0], *name.split())
        kept = await self.passwords.hash(password)
        user = await self._durable.add_user(new_user_id(), email, name=name, password_hash=kept, role=role)
        if user is None:
            raise EmailTakenError
        return user

    async def recognize(self, email: str, password: str) -> Credentials:
        """Whose email and password these are. CredentialsError, after the same work, when they are nobody's."""
        found = await self._durable.user_by_email(email)
        kept = found.password_hash if found else None
        if not await self.passwords.matches(kept, password) or found is None or not found.user.is_active:
            raise CredentialsError
        if kept is not None and self.passwords.is_outdated(kept):
            newer = await self.passwords.hash(password)
            await self._durable.rehash_password(found.user.id, kept, newer)
            return Credentials(found.user, newer)
        return found

    async def sign_in(self, user: User, address: str, *, password_hash: str | None = None) -> Grant:
        """Begins a session of somebody who has shown who they are; ``password_hash`` is what their password fitted.

        Raises CredentialsError when the account was disabled, or its password changed, in the meantime.
        """
        now_ns, session, token = self._now_ns(), secrets.token_hex(16), random_token()
        start = SessionStart(session, user.id, digest(token), address, now_ns, password_hash)
        surplus = await self._durable.begin_session(start)
        if surplus is None:
            raise CredentialsError
        await self._end("sid", surplus)
        return self._grant(user.id, session, user.role, token, now_ns / 1e9 + IDLE_S)

    async def refresh(self, token: str) -> Grant:
        """The next tokens of a session. SessionOverError when there are none; a copied token ends its session for all."""
        if not _TOKEN.fullmatch(token):
            raise SessionOverError
        successor = self._successor(token)
        found = await self._durable.refresh_session(digest(token), digest(successor), self._now_ns())
        if found.verdict in (Verdict.ROTATE, Verdict.REPEAT):
            return self._grant(found.user, found.session, found.role, successor, found.expires_ns / 1e9)
        if found.verdict is Verdict.REUSED:
            log.warning("refresh_token_reused", user=found.user, session=found.session)
            await self._end("sid", [found.session])
            await self._audit_reuse(found.user, found.session)
        raise SessionOverError

    async def sign_out(self, session: str, why: str = "logout") -> None:
        """Ends a session here, in the database and everywhere."""
        await self._durable.end_session(session, self._now_ns(), why)
        await self._end("sid", [session])

    async def session_of(self, refresh_token: str) -> str | None:
        """The session that a refresh token belongs to."""
        return await self._durable.session_of(digest(refresh_token))

    async def change(
        self,
        user: str,
        why: str,
        *,
        role: Role | None = None,
        is_active: bool | None = None,
        password: str | None = None,
    ) -> PutOut | None:
        """Changes what somebody may do or how they sign in, and ends all their sessions; ``None``: nobody has this id."""
        kept = None if password is None else await self.passwords.hash(password)
        put_out = await self._durable.change_user(
            user, self._now_ns(), why, role=role, is_active=is_active, password_hash=kept
        )
        if put_out is not None:
            await self._end("sid", put_out.sessions)
            await self._end("key", put_out.keys)
        return put_out

    async def end_key(self, key: str, user: str | None) -> bool:
        """Ends an owner's API key, everywhere; false when they have no such key."""
        known = await self._durable.end_key(key, user)
        if known:
            await self._end("key", [key])
        return known

    def close(self) -> None:
        """Lets go of the threads."""
        self.passwords.close()

    def _grant(self, user: str, session: str, role: Role, refresh_token: str, expires_s: float) -> Grant:
        access = self._tokens.issue(user, session, role, self._now_ns() / 1e9)
        return Grant(user, session, access, refresh_token, expires_s)

    def _successor(self, token: str) -> str:
        """The token after this one: always the same, so that who asks twice at once, or lost the answer, gets it again.

        As random as the first one to whoever lacks our key; and who has that needs no refresh token.
        """
        return _written(hmac.new(self._key, b"refresh:" + token.encode(), sha256).digest())

    async def _end(self, kind: EndedKind, names: Iterable[str]) -> None:
        """Here at once; elsewhere through Redis, or, while that is away, when the others read the database next."""
        for name in names:
            self.ended.note(kind, name, self._now_ns() / 1e9)
            try:
                await self._hot.end_session(kind, name)
            except StorageError as error:
                log.warning("end_not_told", kind=kind, name=name, error=str(error))

    async def _audit_reuse(self, user: str, session: str) -> None:
        try:
            await self._durable.audit(user, "refresh_token_reused", session, outcome="refused")
        except StorageError as error:
            log.warning("reuse_not_noted", user=user, error=str(error))


def checked_email(text: str) -> str:
    """An email in small letters, without blanks around it. Raises EmailError when it can be none."""
    email = text.strip().lower()
    if len(email) > _LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        raise EmailError
    return email


def new_user_id() -> str:
    """A name for an account that tells nothing of it."""
    return f"u{secrets.token_hex(8)}"


def _written(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
