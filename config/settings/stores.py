"""Where the stores are, how often and how long they keep what is traded."""

from pathlib import Path

from config.settings.field import Group, setting
from config.settings.kinds import DatabaseUrl, RedisUrl

_SAVE_GRACE_S = 120
"""For a save to begin, be done, and be tried again."""


class Stores(Group):
    """Redis, PostgreSQL and the data folder."""

    redis_url: RedisUrl | None = setting(
        "REDIS_URL",
        "Redis or Valkey server to use; without it an embedded one is started.",
        "an address such as redis://host:6379/0",
        default=None,
    )
    database_url: DatabaseUrl | None = setting(
        "DATABASE_URL",
        "PostgreSQL server to use, 14 or newer; without it an embedded one is started.",
        "an address such as postgresql://user@host:5432/ticktree",
        default=None,
    )
    data_dir: Path = setting(
        "TICKTREE_DATA_DIR",
        "Folder of the embedded stores and of the secret key, for you alone (mode 0700).",
        "a folder's path",
        default=Path(".ticktree"),
    )
    save_interval_minutes: int = setting(
        "TICKTREE_SAVE_INTERVAL_MINUTES",
        "Minutes between two saves to PostgreSQL.",
        "a whole number of minutes from 1 to 1440",
        default=5,
        ge=1,
        le=1440,
    )
    hot_retention_days: int = setting(
        "TICKTREE_HOT_RETENTION_DAYS",
        "Days that Redis keeps candles.",
        "a whole number of days from 1 to 365",
        default=7,
        ge=1,
        le=365,
    )

    @property
    def saved_after_ns(self) -> int:
        """How old a minute is when it has been saved for certain; younger ones are left to the writers: nobody races them."""
        return (self.save_interval_minutes * 60 + _SAVE_GRACE_S) * 1_000_000_000
