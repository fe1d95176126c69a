"""Passwords: which may be chosen, and how they are kept and compared, in threads of their own.

A comparison takes tens of milliseconds of a whole core and 19 MiB, on purpose. On the loop it would stop every socket; in
threads without a limit many at once would take the machine's memory and the loop's share of it.
"""

import asyncio
import base64
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from web.accounts.common_passwords import is_common
from web.accounts.errors import PasswordError, PasswordsBusyError

LEAST = 8
MOST = 256
"""Characters; none of them is left out of the comparison."""
WAITING = 32
"""Comparisons that may wait for a thread."""

_MEMORY_KIB = 19 * 1024
_PASSES = 2
_LANES = 1

Result = TypeVar("Result")


def check_new_password(password: str, *own_words: str) -> None:
    """Raises PasswordError when a password is too short, too long, or among those that are guessed first."""
    if not LEAST <= len(password) <= MOST:
        raise PasswordError(f"it has {LEAST} to {MOST} characters; 15 and more are advised.")
    if is_common(password, own_words):
        raise PasswordError("it is one of those that are guessed first.")


class Passwords:
    """Makes and compares argon2id hashes, a few at a time; refuses when too many wait."""

    def __init__(self, *, threads: int | None = None, waiting: int = WAITING) -> None:
        threads = threads or max(1, (os.cpu_count() or 1) // 2)
        self._hasher = PasswordHasher(_PASSES, _MEMORY_KIB, _LANES, type=Type.ID)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._room = threading.BoundedSemaphore(threads + waiting)
        self._nobodys = _hash_of_nothing(self._hasher)

    async def hash(self, password: str) -> str:
        """What is kept of a password."""
        return await self._run(lambda: self._hasher.hash(_bytes(password)))

    async def matches(self, kept: str | None, password: str) -> bool:
        """Whether it is the password; takes as long where there is none to compare with."""
        return await self._run(lambda: self._matches(kept, password))

    def is_outdated(self, kept: str) -> bool:
        """Whether it was made in a way that is not ours any more."""
        return self._hasher.check_needs_rehash(kept)

    def close(self) -> None:
        """Lets go of the threads; who still waits is not answered."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _matches(self, kept: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(kept or self._nobodys, _bytes(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        if not self._room.acquire(blocking=False):
            raise PasswordsBusyError
        running: Future[Result] = self._pool.submit(work)
        running.add_done_callback(lambda _: self._room.release())  # not before, though who asked may be gone
        return await asyncio.wrap_future(running)


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _hash_of_nothing(hasher: PasswordHasher) -> str:
    """A hash as ours are, and of no password: bytes that nobody computed."""
    salt, digest = (base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (16, 32))
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"
