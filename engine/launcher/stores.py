"""Stores for a single command: yours, those of a run that is on, or embedded ones for as long as the command takes."""

import contextlib
import subprocess
from collections.abc import Generator

from pydantic import SecretStr

from config.settings import Settings
from engine.launcher.place import noted_run
from engine.storage.embedded import prepare_postgres, prepare_valkey, running
from engine.storage.errors import EmbeddedServerError


@contextlib.contextmanager
def reachable_stores(settings: Settings) -> Generator[Settings]:
    """The settings with addresses at which stores answer within the block."""
    with contextlib.ExitStack() as started:
        try:
            addresses = _start(settings, started)
        except EmbeddedServerError:  # the folder is in use: by a run that left a note, or the complaint stands
            if (note := noted_run(settings.data_dir)) is None:
                raise
            addresses = {"redis_url": SecretStr(note.redis_url), "database_url": SecretStr(note.database_url)}
        yield settings.model_copy(update=addresses)


def _start(settings: Settings, started: contextlib.ExitStack) -> dict[str, SecretStr]:
    """Starts what the settings do not name; the addresses of what was started."""
    addresses: dict[str, SecretStr] = {}
    for name, prepare in (("redis_url", prepare_valkey), ("database_url", prepare_postgres)):
        if getattr(settings, name) is None:
            server = started.enter_context(running(prepare(settings.data_dir), log=subprocess.DEVNULL))
            addresses[name] = SecretStr(server.url)
    return addresses
