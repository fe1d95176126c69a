"""Accounts: who signs in, goes on and signs out, with which tokens."""

import base64
import hmac
import re
import secrets
from collections.abc import Callable
from hashlib import sha256

import msgspec
import structlog

from engine.storage.durable import DurableStore
from engine.storage.durable.accounts import (
    IDLE_S,
    SessionStart,
    User,
    Verdict,
)
from engine.storage.durable.accounts.users import Role
from engine.storage.errors import StorageError
from engine.storage.hot import HotStore
from web.accounts.ended import EndedSessions
from web.accounts.errors import CredentialsError, SessionOverError
from web.accounts.members import Members
from web.accounts.passwords import Passwords
from web.accounts.tokens import AccessTokens, digest, random_token

log = structlog.get_logger("ticktree.accounts")

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


class Accounts(Members):
    """Signs members in and out."""

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
        super().__init__(durable, hot, passwords, ended, now_ns)
        self._tokens = tokens
        self._key = key.encode()

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

    def _grant(self, user: str, session: str, role: Role, refresh_token: str, expires_s: float) -> Grant:
        access = self._tokens.issue(user, session, role, self._now_ns() / 1e9)
        return Grant(user, session, access, refresh_token, expires_s)

    def _successor(self, token: str) -> str:
        """The token after this one: always the same, so that who asks twice at once, or lost the answer, gets it again.

        As random as the first one to whoever lacks our key; and who has that needs no refresh token.
        """
        return _written(hmac.new(self._key, b"refresh:" + token.encode(), sha256).digest())

    async def _audit_reuse(self, user: str, session: str) -> None:
        try:
            await self._durable.audit(user, "refresh_token_reused", session, outcome="refused")
        except StorageError as error:
            log.warning("reuse_not_noted", user=user, error=str(error))


def _written(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
