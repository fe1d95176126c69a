"""Who may do what, until there are accounts: the administrator's token, and the public feed."""

import hmac
from hashlib import sha256

from web.limits import Throttle


def token_hash(token: str) -> str:
    """What is kept of a token. Ours are random and long, so a plain digest is enough."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class Access:
    """Knows the administrator's token by its hash; ``None`` while the hash has not been read, and then admits nobody.

    An address that guesses has to wait: ten wrong tokens at once, then one in six seconds. Who comes before the hash has
    been read has guessed nothing, and is to be told so: a client whose good token is called wrong never comes back.
    """

    def __init__(self, *, public_feed: bool, admin_hash: str | None = None) -> None:
        self.public_feed = public_feed
        self.admin_hash = admin_hash
        self._failures = Throttle(1 / 6, 10)

    @property
    def ready(self) -> bool:
        """Whether tokens can be told apart already."""
        return self.admin_hash is not None

    def admits(self, token: str, address: str, now_s: float) -> bool:
        """Whether this is the administrator's token, in the same time whatever it is."""
        if self.admin_hash is None or self._failures.exhausted(address, now_s):
            return False
        if hmac.compare_digest(token_hash(token), self.admin_hash):
            return True
        self._failures.take(address, now_s)
        return False


def bearer(authorization: str | None) -> str | None:
    """The token of an ``Authorization: Bearer …`` header."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
