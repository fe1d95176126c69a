"""How the stores fail: one base, one branch for what passes by itself.

StorageError
├── StorageUnavailableError      the store is away, too slow, full or restarting: repeat later, nothing is wrong with us
│   ├── HotStoreUnavailableError
│   └── DurableStoreUnavailableError
├── HotStoreError                (HotStoreUnavailableError is one too)
├── DurableStoreError            (DurableStoreUnavailableError is one too)
│   └── UnfitRowError            one of the rows can never be held, whenever it is tried
└── EmbeddedServerError          an embedded server can not be prepared or started
"""


class StorageError(Exception):
    """A store failed."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.__doc__} {detail}".strip())

    @property
    def kind(self) -> str:
        """The same for strangers, without what the store itself said, which is for the log."""
        return str(self.__doc__)


class StorageUnavailableError(StorageError):
    """A store is not available."""


class HotStoreError(StorageError):
    """Redis refused."""


class HotStoreUnavailableError(HotStoreError, StorageUnavailableError):
    """Redis is not available."""


class DurableStoreError(StorageError):
    """PostgreSQL refused."""


class DurableStoreUnavailableError(DurableStoreError, StorageUnavailableError):
    """PostgreSQL is not available."""


class UnfitRowError(DurableStoreError):
    """PostgreSQL can not hold a row."""


class EmbeddedServerError(StorageError):
    """An embedded server can not run."""
