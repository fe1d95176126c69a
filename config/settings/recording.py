"""Whether what providers say is recorded, where, and for how long."""

from pathlib import Path

from config.settings.field import Group, setting


class Recording(Group):
    """The files that a replay lives through again."""

    record_frames: bool = setting(
        "TICKTREE_RECORD_FRAMES",
        "Whether the engine keeps what it hears from providers in files, which `ticktree replay` lives through again.",
        "true or false",
        default=False,
    )
    record_dir: Path | None = setting(
        "TICKTREE_RECORD_DIR",
        "Folder of these files; `recordings` in TICKTREE_DATA_DIR when not given.",
        "a folder's path",
        default=None,
    )
    record_rotate_mb: int = setting(
        "TICKTREE_RECORD_ROTATE_MB",
        "Megabytes after which, or else after an hour, the next file begins.",
        "a whole number of megabytes from 1 to 4096",
        default=64,
        ge=1,
        le=4096,
    )
    record_keep_days: int = setting(
        "TICKTREE_RECORD_KEEP_DAYS",
        "Days that these files are kept; 0 keeps them for ever.",
        "a whole number of days from 0 to 3650",
        default=7,
        ge=0,
        le=3650,
    )
