"""Who runs a server when we are root: an unprivileged account, and which folders it can reach."""

import os
import pwd
import stat
from pathlib import Path
from typing import NamedTuple

from engine.storage.errors import EmbeddedServerError

_CANDIDATES = ("ticktree", "postgres", "nobody")


class Account(NamedTuple):
    """An operating-system account."""

    name: str
    uid: int
    gid: int

    def can_pass(self, path: Path) -> bool:
        """Whether the account may go through this one folder, or run this one program."""
        status = path.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)

    def can_reach(self, path: Path) -> bool:
        """Whether the account may go all the way to a folder, or to a program and run it."""
        return self.blocking(path) is None

    def blocking(self, path: Path) -> Path | None:
        """The topmost folder on the way that the account may not pass."""
        way = [*reversed(path.resolve().parents), path.resolve()]
        return next((step for step in way if step.exists() and not self.can_pass(step)), None)


def unprivileged_account() -> Account | None:
    """The account that PostgreSQL shall run as; ``None`` when we are not root and it can run as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        f"PostgreSQL refuses to run as root, and none of the accounts {', '.join(_CANDIDATES)} exists: "
        "create one (useradd --system ticktree) or set DATABASE_URL."
    )
