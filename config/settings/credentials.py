"""Credentials: what they are sealed with, and where new ones are dropped."""

from pathlib import Path

from pydantic import SecretStr

from config.settings.field import Group, setting


class Credentials(Group):
    """How providers' credentials are kept and entered."""

    credentials_key: SecretStr | None = setting(
        "TICKTREE_CREDENTIALS_KEY",
        "Seals the credentials that are entered, the same for all processes; several to open what an older one sealed, the "
        "newest first. `ticktree credentials key` makes one; when not given it is derived from TICKTREE_SECRET_KEY.",
        "32 bytes in base64, or several separated by commas",
        default=None,
    )
    credentials_dir: Path | None = setting(
        "TICKTREE_CREDENTIALS_DIR",
        "Folder in which a script of yours leaves new tokens, as `dhan.token` or `dhan.json`; they are taken up within "
        "seconds.",
        "a folder",
        default=None,
    )
