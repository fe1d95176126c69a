"""Tokens: the signed ones that show for a quarter of an hour who somebody is, and the random ones behind them."""

import secrets
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from web.accounts.principal import Principal, Role, scopes_of

ACCESS_S = 900.0
"""How long an access token is good."""
LEEWAY_S = 5.0
"""How far the clocks of two web processes may be apart."""
MOST_CHARACTERS = 2_048
"""Ours are some 400; nobody makes us read a longer one."""

_NAME = "ticktree"
_KIND = "access"
_ALGORITHMS = ["HS256"]
_REMEMBERED = 4_096


class TokenError(Exception):
    """The token is not valid."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.__doc__} {detail}".strip())


class TokenExpiredError(TokenError):
    """The token has expired."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What an access token says."""

    iss: str
    aud: str
    typ: str
    sub: str
    """The user's id."""
    sid: str
    """The session's."""
    role: Role
    iat: float
    nbf: float
    exp: float
    jti: str


class AccessTokens:
    """Signs and reads access tokens with one key; what a token says of its own key is not looked at."""

    def __init__(self, key: str, jti: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self._key = OctKey.import_key(key.encode())
        self._jti = jti
        self._claims = lru_cache(_REMEMBERED)(self._read)  # reading takes 90 µs, and each token comes often

    def issue(self, user: str, session: str, role: Role, now_s: float) -> str:
        """A token for a user's session, good from now on."""
        claims = Claims(
            iss=_NAME, aud=_NAME, typ=_KIND, sub=user, sid=session, role=role,
            iat=int(now_s), nbf=int(now_s), exp=int(now_s + ACCESS_S), jti=self._jti(),
        )  # fmt: skip
        header = {"alg": "HS256", "typ": _KIND}
        return jwt.encode(header, msgspec.to_builtins(claims), self._key, algorithms=_ALGORITHMS)

    def principal(self, token: str, now_s: float) -> Principal:
        """Who shows this token; TokenError when it is not one of ours, or not now."""
        if len(token) > MOST_CHARACTERS:
            raise TokenError
        claims = self._claims(token)
        if now_s >= claims.exp:
            raise TokenExpiredError
        if now_s + LEEWAY_S < max(claims.nbf, claims.iat):
            raise TokenError
        return Principal("user", claims.sub, claims.role, scopes_of(claims.role), claims.sid, claims.exp)

    def _read(self, token: str) -> Claims:
        try:
            read = jwt.decode(token, self._key, algorithms=_ALGORITHMS)
            claims = msgspec.convert(read.claims, Claims)
        except (JoseError, ValueError) as error:  # msgspec's and the decoders' are ValueErrors
            raise TokenError from error
        if (read.header.get("typ"), claims.typ, claims.iss, claims.aud) != (_KIND, _KIND, _NAME, _NAME):
            raise TokenError
        return claims


def random_token() -> str:
    """256 random bits, in characters that need no quoting anywhere."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is kept of a token. Ours are random and long, so a plain digest is enough."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
