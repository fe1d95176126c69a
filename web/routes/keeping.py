"""Keeping entities: what the routes of exchanges, sectors, providers, instruments and mappings have in common."""

from collections.abc import Awaitable
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta
from quart import Response

from engine.storage.durable.entities import Entity, EntityError, EntityTable, EntityUnknownError, Page
from web.answers import answer, items
from web.errors import ApiError
from web.openapi import Body, Query
from web.page_tokens import encode_page
from web.routes.commands import audit, tell_engine

Row = TypeVar("Row", bound=Entity)

Id = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]

ONE: Final = "/<int:identity>"


FOLLOWED: Final = {
    "mapping_added",
    *(
        f"{noun}_{change}"
        for noun in ("exchange", "provider", "instrument", "mapping")
        for change in ("changed", "retired", "removed")
    ),
}
"""What the engine carries follows from these: it hears of them. What is added is carried once it is mapped."""


class ListQuery(Query, frozen=True, kw_only=True):
    """Which part of a list."""

    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100
    page_token: str = ""
    include_inactive: bool = False
    """Also what was deleted, which is to say set inactive."""


class DeletionQuery(Query, frozen=True, kw_only=True):
    """How something is deleted."""

    hard: bool = False
    """For good; else it is set inactive, and can be set active again."""


def legible(sent: Query | Body) -> None:
    """Refuses characters that nobody sees in any of its texts: a name with one is never found again."""
    for name in sent.__struct_fields__:
        value = getattr(sent, name)
        if isinstance(value, str) and not value.isprintable():
            raise wrong(name, "only characters that can be seen, and plain blanks")


def wrong(field: str, why: str) -> ApiError:
    """The error of a field whose value its type can not refuse."""
    sentence = f"{field}: {why}"
    return ApiError(400, sentence, errors=[sentence])


def listed(of: str, page: Page[Row]) -> Response:
    """A page of a list of that name."""
    return items(page.rows, encode_page(of, page.after))


async def found(noun: str, row: Awaitable[Row | None]) -> Row:
    """The row, or an error when there is none."""
    one = await row
    if one is None:
        raise ApiError(404, f"there is no such {noun}")
    return one


async def added(noun: str, name: str, row: Awaitable[Row]) -> Response:
    """What was made, audited by its name."""
    return answer(await _carried_out(f"{noun}_added", name, row), 201)


async def changed(noun: str, name: str, row: Awaitable[Row | None]) -> Response:
    """What it has become, audited."""
    return answer(await found(noun, _carried_out(f"{noun}_changed", name, row)))


async def deleted(noun: str, table: EntityTable[Row], row: Row, name: str, *, hard: bool) -> Response:
    """What it was, audited: set inactive, or gone for good."""
    if hard:
        await _carried_out(f"{noun}_removed", name, table.remove(row.id))
        return answer(msgspec.structs.replace(row, is_active=False))  # type: ignore[type-var]  # rows are structs
    return answer(await found(noun, _carried_out(f"{noun}_retired", name, table.retire(row.id))))


Result = TypeVar("Result")


async def _carried_out(action: str, target: str, change: Awaitable[Result]) -> Result:
    try:
        result = await change
    except EntityError as error:
        await audit(action, target, outcome="refused")
        if isinstance(error, EntityUnknownError):
            raise wrong(error.field, error.sentence) from error
        raise ApiError(409, error.sentence) from error
    await audit(action, target, outcome="done")
    if action in FOLLOWED:
        await tell_engine("take_up")
    return result
