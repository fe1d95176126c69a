"""Identity: who somebody is by the word of a provider of OpenID Connect, as its signed token tells it."""

import hmac

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from web.accounts.errors import IdentityError

LEEWAY_S = 30.0
"""How far the provider's clock may be from ours."""

_ALGORITHMS = ["RS256", "ES256"]
"""Of public keys only: with HS256 in the list, who knows a public key could sign with it."""


class Identity(msgspec.Struct, frozen=True):
    """Somebody, as the provider knows them."""

    subject: str
    """The provider and its name for them, which never goes to somebody else; emails do."""
    email: str
    email_verified: bool
    name: str


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    iat: float
    nonce: str = ""
    azp: str | None = None
    email: str = ""
    email_verified: bool | str = False
    name: str = ""


def read_identity(token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now_s: float) -> Identity:
    """Checks a token as OpenID Connect Core 3.1.3.7 asks. Raises IdentityError for one that is not meant for us now.

    ``joserfc``'s KeyError-like trouble with an unknown key id is an IdentityError, too: the caller reads the keys anew.
    """
    claims = _claims(token, keys)
    if _written_fully(claims.iss) != issuer:
        raise IdentityError("it comes from another provider.")
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if client_id not in audience or (len(audience) > 1 and claims.azp is None) or claims.azp not in (None, client_id):
        raise IdentityError("it is for another program.")
    if not claims.iat - LEEWAY_S <= now_s < claims.exp + LEEWAY_S:
        raise IdentityError("it is not good now; are the clocks right?")
    if not nonce or not hmac.compare_digest(claims.nonce.encode(), nonce.encode()):
        raise IdentityError("it belongs to another sign-in.")
    if not claims.sub:
        raise IdentityError("it names nobody.")
    return Identity(f"{issuer} {claims.sub}", claims.email, claims.email_verified in (True, "true"), claims.name)


def _claims(token: str, keys: KeySet) -> _Claims:
    try:
        return msgspec.convert(jwt.decode(token, keys, algorithms=_ALGORITHMS).claims, _Claims)
    except (JoseError, ValueError) as error:  # msgspec's and the decoders' are ValueErrors
        raise IdentityError("its signature or form is wrong.") from error


def _written_fully(issuer: str) -> str:
    """Google writes its name with and without the scheme."""
    return issuer if "://" in issuer else f"https://{issuer}"
