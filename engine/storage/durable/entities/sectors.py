"""Sectors: the branches of the economy that shares are sorted by."""

from datetime import datetime

import msgspec

from engine.storage.durable.entities.table import EntityTable, Key, Page, Statements
from engine.storage.durable.link import PostgresLink


class SectorDraft(msgspec.Struct, frozen=True):
    """A sector as it is written."""

    name: str
    is_active: bool = True


class SectorEntity(SectorDraft, frozen=True, kw_only=True):
    """A sector as it stands."""

    id: int
    created_at: datetime
    updated_at: datetime


_SQL = Statements(
    table="sectors",
    select="SELECT own.* FROM sectors AS own",
    page="""
        WHERE ($2 OR own.is_active) AND ($3::text IS NULL OR own.name COLLATE "C" > $3)
        ORDER BY own.name COLLATE "C" LIMIT $1
    """,
    insert="INSERT INTO sectors (name, is_active) VALUES ($1, $2) RETURNING id",
    update="UPDATE sectors SET name = $2, is_active = $3, updated_at = now() WHERE id = $1 RETURNING id",
    noun="sector",
    clashes={"sectors_name_key": "a sector of that name is there already"},
)


class Sectors(EntityTable[SectorEntity]):
    """Sorted by name."""

    def __init__(self, link: PostgresLink) -> None:
        super().__init__(link, _SQL, SectorEntity)

    async def page(self, limit: int, after: Key | None = None, *, include_inactive: bool = False) -> Page[SectorEntity]:
        """The first ones after a name."""
        return await self._page(limit, include_inactive, *(after or (None,)), key=("name",))

    async def add(self, draft: SectorDraft) -> SectorEntity:
        """A new one. Raises EntityClashError when its name is taken."""
        return await self._insert(draft.name, draft.is_active)

    async def change(self, identity: int, draft: SectorDraft) -> SectorEntity | None:
        """Rewrites one; ``None``: there is none. Raises EntityClashError when the name is taken."""
        return await self._update(identity, draft.name, draft.is_active)
