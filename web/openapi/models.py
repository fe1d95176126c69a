"""Models: the bases of what routes take, and the shapes that many answers share."""

from typing import Generic, TypeVar

import msgspec

Item = TypeVar("Item")


class Query(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A route's parameters after the question mark; one it does not know is refused."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a route takes as JSON; a field it does not know is refused."""


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """A list, in pages: the next one is had with ``page_token``."""

    items: list[Item]
    next_page_token: str | None = None
