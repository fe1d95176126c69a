"""Providers: who sends prices, and how often each may be asked."""

from collections.abc import Mapping
from datetime import datetime

import asyncpg
import msgspec

from engine.storage.durable.entities.table import EntityTable, Key, Page, Statements
from engine.storage.durable.link import PostgresLink


class ProviderDraft(msgspec.Struct, frozen=True):
    """A provider as it is written."""

    name: str
    rate_limits: Mapping[str, float] = {}
    """What its documents allow, by whatever name they give it; for people to read."""
    is_active: bool = True
    """While it is not, the engine carries nothing of it."""


class ProviderEntity(ProviderDraft, frozen=True, kw_only=True):
    """A provider as it stands."""

    id: int
    created_at: datetime
    updated_at: datetime


_SQL = Statements(
    table="providers",
    select="SELECT own.* FROM providers AS own",
    page="""
        WHERE ($2 OR own.is_active) AND ($3::text IS NULL OR own.name COLLATE "C" > $3)
        ORDER BY own.name COLLATE "C" LIMIT $1
    """,
    insert="INSERT INTO providers (name, rate_limits, is_active) VALUES ($1, $2, $3) RETURNING id",
    update="UPDATE providers SET name = $2, rate_limits = $3, is_active = $4, updated_at = now() WHERE id = $1 RETURNING id",
    noun="provider",
    clashes={"providers_name_key": "a provider of that name is there already"},
)


class Providers(EntityTable[ProviderEntity]):
    """Sorted by name."""

    def __init__(self, link: PostgresLink) -> None:
        super().__init__(link, _SQL, ProviderEntity)

    async def page(
        self, limit: int, after: Key | None = None, *, include_inactive: bool = False
    ) -> Page[ProviderEntity]:
        """The first ones after a name."""
        return await self._page(limit, include_inactive, *(after or (None,)), key=("name",))

    async def add(self, draft: ProviderDraft) -> ProviderEntity:
        """A new one. Raises EntityClashError when its name is taken."""
        return await self._insert(*_values(draft))

    async def change(self, identity: int, draft: ProviderDraft) -> ProviderEntity | None:
        """Rewrites one; ``None``: there is none. Raises EntityClashError when the name is taken."""
        return await self._update(identity, *_values(draft))

    def _made(self, row: asyncpg.Record) -> ProviderEntity:
        limits = msgspec.json.decode(row["rate_limits"])
        return msgspec.convert({**dict(row), "rate_limits": limits}, ProviderEntity)


def _values(draft: ProviderDraft) -> tuple[object, ...]:
    return draft.name, msgspec.json.encode(draft.rate_limits).decode(), draft.is_active
