"""Access: who somebody is, by the one token they show."""

import hmac
from collections.abc import Callable

from engine.storage.errors import StorageError
from web.accounts.ended import EndedSessions
from web.accounts.keys import PREFIX, KeyRing
from web.accounts.principal import OPERATOR, Principal
from web.accounts.tokens import AccessTokens, TokenError, TokenExpiredError, digest
from web.limits import Throttle


class AccessError(Exception):
    """The token is not valid."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.__doc__} {detail}".strip())


class TokenEndedError(AccessError):
    """The token is not good any more: refresh it, or sign in again."""


class NotReadyError(AccessError):
    """The tokens have not been read yet."""


class Access:
    """Tells whose a token is: the administrator's, that of somebody who signed in, or a program's key.

    The administrator's is known by its hash; while that has not been read it is not called wrong: a client whose good
    token is called wrong never comes back. It may be one that a person chose, so an address that guesses has to wait:
    ten wrong tokens at once, then one in six seconds. The others can not be guessed.
    """

    def __init__(
        self,
        tokens: AccessTokens,
        keys: KeyRing,
        ended: EndedSessions,
        *,
        public_feed: bool,
        now_s: Callable[[], float],
        admin_hash: str | None = None,
    ) -> None:
        """``now_s`` is the time in unix seconds."""
        self.public_feed = public_feed
        self.admin_hash = admin_hash
        self._tokens = tokens
        self._keys = keys
        self._ended = ended
        self._now_s = now_s
        self._failures = Throttle(1 / 6, 10)

    async def admit(self, token: str, address: str) -> Principal:
        """Who shows this token, from this address. Raises AccessError when it admits nobody."""
        if self._is_operators(token, address):
            return OPERATOR
        if token.count(".") == 2:
            return self._member(token)
        if token.startswith(PREFIX):
            return await self._program(token, address)
        if self.admin_hash is None:
            raise NotReadyError
        self._failures.take(address, self._now_s())
        raise AccessError

    def _is_operators(self, token: str, address: str) -> bool:
        """Whether it is the administrator's, in the same time whatever it is."""
        if self.admin_hash is None or self._failures.exhausted(address, self._now_s()):
            return False
        return hmac.compare_digest(digest(token), self.admin_hash)

    async def _program(self, key: str, address: str) -> Principal:
        """Who shows an API key; the database is not asked again and again for an address that shows wrong ones."""
        if not self._keys.remembers(key) and self._failures.exhausted(address, self._now_s()):
            raise AccessError
        try:
            return await self._keys.principal(key)
        except TokenExpiredError as error:
            raise TokenEndedError from error
        except TokenError as error:
            self._failures.take(address, self._now_s())
            raise AccessError from error
        except StorageError as error:
            raise NotReadyError from error

    def _member(self, token: str) -> Principal:
        try:
            principal = self._tokens.principal(token, self._now_s())
        except TokenExpiredError as error:
            raise TokenEndedError from error
        except TokenError as error:
            raise AccessError from error
        self.check(principal)
        return principal

    def check(self, principal: Principal) -> None:
        """AccessError when somebody who was recognized is not any more: the session has ended, or the token expired."""
        if not self._ended.ready:
            raise NotReadyError
        if principal.session in self._ended:
            raise TokenEndedError
        if principal.expires_s is not None and principal.expires_s <= self._now_s():
            raise TokenEndedError


def bearer(authorization: str | None) -> str | None:
    """The token of an ``Authorization: Bearer …`` header."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
