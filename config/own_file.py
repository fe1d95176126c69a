"""Own files: TOML beside the settings, which changes some of what comes with the program."""

import tomllib
from pathlib import Path
from typing import Any

from config.errors import SettingsError


def read_own(variable: str, own: Path) -> dict[str, Any]:
    """What the file of a setting says; raises SettingsError when it can not be read."""
    try:
        return tomllib.loads(own.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{variable}: expected a TOML file that can be read, was {own}: {error.strerror}."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable}: expected a TOML file, was {own}: {error}.") from None
