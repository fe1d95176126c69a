"""Conflicts between a provider's lists and the tables, as people look through them."""

from datetime import date, datetime

import msgspec

from engine.storage.durable.entities.table import EntityTable, Key, Page, Statements
from engine.storage.durable.link import PostgresLink


class ConflictEntity(msgspec.Struct, frozen=True, kw_only=True):
    """One of them as it stands; inactive once it was settled."""

    id: int
    provider_id: int
    kind: str
    """``taken over``, ``repeated``, ``other meaning`` or ``other terms``."""
    instrument: str
    """Whom the list names."""
    segment: str
    provider_symbol: str
    other: str
    """Who else is concerned; empty where nobody is."""
    detail: str
    day: date
    """Of the list that said so last."""
    is_active: bool
    created_at: datetime
    updated_at: datetime


_SQL = Statements(
    table="mapping_conflicts",
    select="SELECT own.* FROM mapping_conflicts AS own",
    page="""
        WHERE own.provider_id = $2 AND ($3 OR own.is_active) AND ($4::int IS NULL OR own.id < $4)
        ORDER BY own.id DESC LIMIT $1
    """,
    insert="",
    update="",
    noun="conflict",
)


class Conflicts(EntityTable[ConflictEntity]):
    """The newest first. They are found by the engine alone."""

    def __init__(self, link: PostgresLink) -> None:
        super().__init__(link, _SQL, ConflictEntity)

    async def page(
        self, provider_id: int, limit: int, after: Key | None = None, *, include_inactive: bool = False
    ) -> Page[ConflictEntity]:
        """A provider's first ones after a key, which is ``(id,)``."""
        return await self._page(limit, provider_id, include_inactive, *(after or (None,)), key=("id",))
