"""The drop folder: a script of yours writes a provider's new token into a file, and it is taken up at once."""

from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from engine.credentials.entered import TOKEN, Entered, EntryError, entered
from engine.storage.durable.credentials import Kind

log = structlog.get_logger("ticktree.credentials")

LARGEST_BYTES = 65_536
SOURCE = "file"


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    """A file ``<provider>.json``."""

    identity: str = ""
    kind: Kind = "token"
    token: str = ""
    seed: str = ""
    pin: str = ""
    more: dict[str, str] = {}
    expires_at: str | None = None
    """As ISO time."""


class DropFolder:
    """Reads ``<provider>.token`` (the token alone) and ``<provider>.json`` when they have changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[Path, tuple[int, int]] = {}

    def changed(self, identities: dict[str, str]) -> list[Entered]:
        """What was written since the last look, blocking. ``identities``: who asks where a file does not say.

        What can not be read is said once, and again when it has changed.
        """
        found: list[Entered] = []
        for file in self._files():
            try:
                found.append(_read(file, identities))
            except (OSError, EntryError, ValueError) as error:
                # of a ValueError only the kind: its words may quote the file
                why = str(error) if isinstance(error, EntryError | OSError) else type(error).__name__
                log.warning("credential_file_not_read", file=file.name, why=why)
        return found

    def _files(self) -> list[Path]:
        fresh: list[Path] = []
        for file in sorted(self._folder.glob("*")) if self._folder.is_dir() else ():
            if file.suffix in (".token", ".json") and file.is_file():
                status = file.stat()
                mark = status.st_mtime_ns, status.st_size
                if self._seen.get(file) != mark:
                    self._seen[file] = mark
                    fresh.append(file)
                    _warn_if_open(file, status.st_mode)
        return fresh


def _read(file: Path, identities: dict[str, str]) -> Entered:
    with file.open("rb") as source:
        content, at_ns = source.read(LARGEST_BYTES), file.stat().st_mtime_ns
    provider = file.stem
    if file.suffix == ".token":
        token = content.decode().strip()
        return entered(provider, identities.get(provider, ""), {TOKEN: token}, source=SOURCE, at_ns=at_ns)
    written = msgspec.json.decode(content, type=_Written)
    parts = {name: getattr(written, name) for name in (TOKEN, "seed", "pin") if getattr(written, name)}
    identity = written.identity or identities.get(provider, "")
    ends_ns = _ns(written.expires_at)
    return entered(
        provider, identity, {**written.more, **parts}, source=SOURCE, kind=written.kind, expires_ns=ends_ns, at_ns=at_ns
    )


def _ns(text: str | None) -> int | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise EntryError("expires_at: is to say its time zone, as in 2026-11-22T03:00:00+05:30")
    return round(moment.timestamp() * 1_000_000) * 1_000


def _warn_if_open(file: Path, mode: int) -> None:
    if mode & 0o077:
        log.warning("credential_file_open", file=file.name, why="others may read it: chmod 600")
