"""Stores for a single command: yours, those of a run that is on, or embedded ones for as long as the command takes."""

import contextlib
import subprocess
from collections.abc import Generator

from pydantic import SecretStr

from config.settings import Settings
from engine.launcher.place import noted_run
from engine.storage.embedded import prepare_postgres, prepare_valkey, running

_SECRET = {"redis_url", "database_url"}


@contextlib.contextmanager
def reachable_stores(settings: Settings) -> Generator[Settings]:
    """The settings with addresses at which stores answer within the block."""
    settings = _joined(settings)
    with contextlib.ExitStack() as started:
        for name, prepare in (("redis_url", prepare_valkey), ("database_url", prepare_postgres)):
            if getattr(settings, name) is None:
                server = started.enter_context(running(prepare(settings.data_dir), log=subprocess.DEVNULL))
                settings = settings.model_copy(update={name: SecretStr(server.url)})
        yield settings


def _joined(settings: Settings) -> Settings:
    """The settings, and where they are silent the addresses of the run that uses their data folder."""
    note = noted_run(settings.data_dir)
    addresses = note.addresses if note else {}
    missing = {name: url for name, url in addresses.items() if getattr(settings, name) is None}
    return settings.model_copy(
        update={name: SecretStr(url) if name in _SECRET else url for name, url in missing.items()}
    )
