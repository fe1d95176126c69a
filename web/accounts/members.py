"""Members: the accounts themselves, how their owners are recognized, and what ends when one of them changes."""

import re
import secrets
from collections.abc import Callable, Sequence

import anyio
import structlog

from engine.storage.durable import DurableStore
from engine.storage.durable.accounts import Credentials, PutOut, User
from engine.storage.durable.accounts.users import Role
from engine.storage.errors import StorageError
from engine.storage.hot import EndedKind, HotStore
from web.accounts.ended import EndedSessions
from web.accounts.errors import (
    CredentialsError,
    EmailError,
    EmailTakenError,
    NoPasswordError,
    RegistrationClosedError,
    WrongPasswordError,
)
from web.accounts.identity import Identity
from web.accounts.passwords import Passwords, check_new_password

log = structlog.get_logger("ticktree.accounts")

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]+\.[^@\s\x00-\x1f\x7f.]+")
_ID = re.compile(r"u[0-9a-f]{16}")
TELL_S = 2.0
_LONGEST_EMAIL = 254
_LONGEST_NAME = 200


class Members:
    """Makes and changes accounts; the database is the truth, and what ends is told to all processes at once."""

    def __init__(
        self,
        durable: DurableStore,
        hot: HotStore,
        passwords: Passwords,
        ended: EndedSessions,
        now_ns: Callable[[], int],
    ) -> None:
        self.passwords = passwords
        self.ended = ended
        self._durable = durable
        self._hot = hot
        self._now_ns = now_ns

    async def register(self, email: str, password: str, name: str = "", *, role: Role = "user") -> User:
        """Makes an account. Raises EmailError, PasswordError or EmailTakenError."""
        email = checked_email(email)
        _check_password_of(email, name, password)
        kept = await self.passwords.hash(password)
        user = await self._durable.add_user(new_user_id(), email, name=name, password_hash=kept, role=role)
        if user is None:
            raise EmailTakenError
        return user

    async def recognize(self, email: str, password: str) -> Credentials:
        """Whose email and password these are. CredentialsError, after the same work, when they are nobody's."""
        found = await self._durable.user_by_email(email) if is_email(email) else None
        kept = found.password_hash if found else None
        if not await self.passwords.matches(kept, password) or found is None or not found.user.is_active:
            raise CredentialsError
        if kept is not None and self.passwords.is_outdated(kept):
            newer = await self.passwords.hash(password)
            await self._durable.rehash_password(found.user.id, kept, newer)
            return Credentials(found.user, newer)
        return found

    async def change_password(self, identity: str, current: str, password: str) -> Credentials:
        """Another password for who knows the current one; all their sessions end.

        Raises NoPasswordError, WrongPasswordError or PasswordError.
        """
        user = await self._durable.user(identity)
        if user is None or not user.has_password:
            raise NoPasswordError
        _check_password_of(user.email, user.name, password)
        try:
            before = (await self.recognize(user.email, current)).password_hash
        except CredentialsError as error:
            raise WrongPasswordError from error
        kept, now_ns = await self.passwords.hash(password), self._now_ns()
        put_out = await self._durable.change_user(
            identity, now_ns, "password changed", password_hash=kept, password_before=before
        )
        if put_out is None:
            raise WrongPasswordError
        await self._end("sid", put_out.sessions)
        return Credentials(put_out.user, kept)

    async def of_google(self, identity: Identity, *, may_register: bool) -> User:
        """Whose account this is, or a new one. Raises EmailError, EmailTakenError or RegistrationClosedError.

        An account that has the email is not theirs by that: who made it may never have had the email, and would
        share it from then on. Its owner links it, signed in.
        """
        user = await self._durable.user_of_google(identity.subject)
        if user is not None:
            return user
        if not may_register:
            raise RegistrationClosedError
        if not identity.email_verified:
            raise EmailError
        email = checked_email(identity.email)
        name, subject = one_line(identity.name), identity.subject
        user = await self._durable.add_user(new_user_id(), email, name=name, google_subject=subject)
        user = user or await self._durable.user_of_google(subject)  # two tabs at once
        if user is None:
            raise EmailTakenError
        return user

    async def link_google(self, user: str, identity: Identity) -> bool:
        """From now on they may sign in with this Google account; false when it, or theirs, is linked otherwise."""
        known = await self._durable.user_of_google(identity.subject)
        if known is not None:
            return known.id == user
        return await self._durable.link_google(user, identity.subject) is not None

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

    async def _end(self, kind: EndedKind, names: Sequence[str]) -> None:
        """Here at once; elsewhere through Redis, or, while that is away, when the others read the database next."""
        if not names:
            return
        for name in names:
            self.ended.note(kind, name, self._now_ns() / 1e9)
        try:
            with anyio.fail_after(TELL_S):
                await self._hot.end_session(kind, *names)
        except (StorageError, TimeoutError) as error:
            log.warning("ends_not_told", kind=kind, count=len(names), error=str(error))


def _check_password_of(email: str, name: str, password: str) -> None:
    """Raises PasswordError for one that nobody, or not this somebody, may choose."""
    check_new_password(password, email, email.partition("@")[0], *name.split())


def checked_email(text: str) -> str:
    """An email in small letters, without blanks around it. Raises EmailError when it can be none."""
    email = text.strip().lower()
    if not is_email(email):
        raise EmailError
    return email


def is_email(text: str) -> bool:
    """Whether it can be one, as far as can be told without writing to it."""
    return len(text) <= _LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None


def one_line(text: str) -> str:
    """A name from elsewhere as we keep names."""
    return "".join(character for character in text if character.isprintable())[:_LONGEST_NAME]


def is_user_id(text: str) -> bool:
    """Whether an account could have this name."""
    return _ID.fullmatch(text) is not None


def new_user_id() -> str:
    """A name for an account that tells nothing of it."""
    return f"u{secrets.token_hex(8)}"
