"""The durable store: everything that must outlive Redis, in PostgreSQL."""

from engine.storage.durable.migrate import MigrationStatus, migrate
from engine.storage.durable.rows import (
    AuditEntry,
    DailyCandle,
    Exchange,
    Job,
    MappedInstrument,
    MappingConflict,
    NameInTime,
    ProviderMapping,
    SaveResult,
)
from engine.storage.durable.scan import ARCHIVED, ShortSession
from engine.storage.durable.store import DurableStore

__all__ = [
    "ARCHIVED",
    "AuditEntry",
    "DailyCandle",
    "DurableStore",
    "Exchange",
    "Job",
    "MappedInstrument",
    "MappingConflict",
    "MigrationStatus",
    "NameInTime",
    "ProviderMapping",
    "SaveResult",
    "ShortSession",
    "migrate",
]
