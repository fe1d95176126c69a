"""The principal: on whose behalf a request is made or a socket is open, and what they may do."""

from typing import Literal

import msgspec

Role = Literal["user", "admin"]

READ = "read"
"""Prices, candles and their history."""
STREAM = "stream"
"""Sockets."""
SCREENERS = "screeners"
"""Screeners and their streams of prices."""
ADMIN = "admin"
"""All that changes the installation; of a key only together with its owner's role."""

SCOPES = frozenset({READ, STREAM, SCREENERS, ADMIN})
USER_SCOPES = SCOPES - {ADMIN}
PUBLIC_SCOPES = frozenset({READ, STREAM})


class Principal(msgspec.Struct, frozen=True):
    """Who it is. Two of the same ``kind`` and ``subject`` are the same somebody."""

    kind: Literal["user", "key", "operator", "public"]
    subject: str
    """The id of a user or key, ``operator``, or the address of somebody unknown."""
    role: Role = "user"
    scopes: frozenset[str] = PUBLIC_SCOPES
    session: str = ""
    """What ends when they sign out: the session's id, or the key's; none of operators and the public."""
    expires_s: float | None = None
    """When what they showed expires, unix seconds."""
    requests_per_minute: int | None = None
    """A limit of their own: a key's."""
    holder: str = ""
    """Of a key, the id of the user whose it is; none where it was made with the administrator's token."""

    @property
    def account(self) -> str:
        """The id of the user on whose behalf it is; empty where there is none."""
        return self.subject if self.kind == "user" else self.holder

    @property
    def is_admin(self) -> bool:
        """Whether they may change the installation."""
        return self.role == "admin" and ADMIN in self.scopes

    def same_as(self, other: "Principal") -> bool:
        """Whether it is the same somebody, whatever they showed."""
        return (self.kind, self.subject) == (other.kind, other.subject)


OPERATOR = Principal("operator", "operator", "admin", SCOPES)
"""Who has the administrator's token."""


def public(address: str) -> Principal:
    """Somebody who has shown nothing."""
    return Principal("public", address)


def scopes_of(role: Role) -> frozenset[str]:
    """What a user of this role may do."""
    return SCOPES if role == "admin" else USER_SCOPES


_decode = msgspec.msgpack.Decoder(Principal).decode


def pack_principal(principal: Principal) -> bytes:
    """As bytes, for a ticket."""
    return msgspec.msgpack.encode(principal)


def unpack_principal(packed: bytes) -> Principal:
    """Back from bytes."""
    return _decode(packed)
