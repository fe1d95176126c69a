"""API keys: how they are written, and the ring of those that were shown lately."""

import hmac
import re
import secrets
import string
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from engine.storage.durable import DurableStore
from engine.storage.durable.accounts import KeyHolder
from web.accounts.principal import ADMIN, Principal, scopes_of
from web.accounts.tokens import TokenError, TokenExpiredError, digest, random_token

PREFIX = "tt_"
REMEMBER_S = 30.0
"""How long a key is not looked up again; one that ends is forgotten at once."""
_MOST = 10_000
_ID = re.compile(r"[0-9a-z]{8}")
_FORM = re.compile(r"tt_([0-9a-z]{8})_([0-9A-Za-z_-]{43})")
_CHARACTERS = string.ascii_lowercase + string.digits


class NewKey(NamedTuple):
    """A key that was just made; its text is shown once and never kept."""

    id: str
    text: str
    digest: str

    def __repr__(self) -> str:
        return f"NewKey({self.id})"


def new_key() -> NewKey:
    """A key of 256 random bits, with a short name before them to find it by."""
    identity = "".join(secrets.choice(_CHARACTERS) for _ in range(8))
    secret = random_token()
    return NewKey(identity, f"{PREFIX}{identity}_{secret}", digest(secret))


def is_key_id(text: str) -> bool:
    """Whether a key could have this name."""
    return _ID.fullmatch(text) is not None


class KeyRing:
    """Tells whose a key is; asks the database for each once in half a minute."""

    def __init__(self, durable: DurableStore, now_s: Callable[[], float]) -> None:
        """``now_s`` is the time in unix seconds."""
        self._durable = durable
        self._now_s = now_s
        self._remembered: OrderedDict[str, tuple[float, KeyHolder | None]] = OrderedDict()
        self._forgotten = 0

    def remembers(self, text: str) -> bool:
        """Whether the database need not be asked for this key."""
        form = _FORM.fullmatch(text)
        return form is None or self._remembered.get(form[1], (0.0, None))[0] > self._now_s()

    async def principal(self, text: str) -> Principal:
        """Who shows this key. Raises TokenError when it is none of ours or not any more, or StorageError."""
        form = _FORM.fullmatch(text)
        holder = await self._holder(form[1]) if form else None
        if form is None or holder is None or not hmac.compare_digest(digest(form[2]), holder.digest):
            raise TokenError
        return _principal(holder, self._now_s())

    def forget(self, identity: str) -> None:
        """Looks it up again the next time, because it has ended or changed."""
        self._remembered.pop(identity, None)
        self._forgotten += 1

    async def _holder(self, identity: str) -> KeyHolder | None:
        until_s, holder = self._remembered.get(identity, (0.0, None))
        if until_s > self._now_s():
            return holder
        before = self._forgotten
        holder = await self._durable.key_holder(identity)
        if before == self._forgotten:  # else what was read may be what has just ended
            self._remembered[identity] = self._now_s() + REMEMBER_S, holder
            self._remembered.move_to_end(identity)
            if len(self._remembered) > _MOST:
                self._remembered.popitem(last=False)
        return holder


def _principal(holder: KeyHolder, now_s: float) -> Principal:
    key = holder.key
    expires_s = None if key.expires_at is None else key.expires_at.timestamp()
    if expires_s is not None and now_s >= expires_s:
        raise TokenExpiredError
    scopes = scopes_of(holder.role) & frozenset(key.scopes)
    role = "admin" if ADMIN in scopes else "user"
    return Principal("key", key.id, role, scopes, key.id, expires_s, key.requests_per_minute, key.user or "")
