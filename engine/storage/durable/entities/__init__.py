"""Entities in PostgreSQL, one by one and in pages: exchanges, sectors, providers, instruments and mappings."""

from engine.storage.durable.entities.conflicts import ConflictEntity, Conflicts
from engine.storage.durable.entities.entities import Entities
from engine.storage.durable.entities.errors import (
    EntityClashError,
    EntityError,
    EntityInUseError,
    EntityUnknownError,
)
from engine.storage.durable.entities.exchanges import ExchangeDraft, ExchangeEntity, Exchanges
from engine.storage.durable.entities.instruments import (
    InstrumentDraft,
    InstrumentEntity,
    InstrumentFilter,
    Instruments,
)
from engine.storage.durable.entities.mappings import MappingDraft, MappingEntity, MappingFilter, Mappings
from engine.storage.durable.entities.providers import ProviderDraft, ProviderEntity, Providers
from engine.storage.durable.entities.sectors import SectorDraft, SectorEntity, Sectors
from engine.storage.durable.entities.table import Entity, EntityTable, Key, Page

__all__ = [
    "ConflictEntity",
    "Conflicts",
    "Entities",
    "Entity",
    "EntityClashError",
    "EntityError",
    "EntityInUseError",
    "EntityTable",
    "EntityUnknownError",
    "ExchangeDraft",
    "ExchangeEntity",
    "Exchanges",
    "InstrumentDraft",
    "InstrumentEntity",
    "InstrumentFilter",
    "Instruments",
    "Key",
    "MappingDraft",
    "MappingEntity",
    "MappingFilter",
    "Mappings",
    "Page",
    "ProviderDraft",
    "ProviderEntity",
    "Providers",
    "SectorDraft",
    "SectorEntity",
    "Sectors",
]
