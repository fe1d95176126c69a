"""How entities refuse what was to be written: with a sentence for who wrote it."""

from engine.storage.errors import DurableStoreError


class EntityError(DurableStoreError):
    """PostgreSQL refused, because of what it holds."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
        """The one that is wrong; empty where none is by itself."""


class EntityClashError(EntityError):
    """PostgreSQL holds something of the same name or time."""


class EntityInUseError(EntityError):
    """PostgreSQL holds what refers to it."""


class EntityUnknownError(EntityError):
    """PostgreSQL does not hold what was referred to."""
