"""``/watchlists/``: a user's own lists of instruments."""

from typing import Annotated, Final

import msgspec
from quart import Blueprint, Response

from engine.storage.durable.accounts import (
    Belongings,
    TooManyWatchlistsError,
    Watchlist,
    WatchlistNameError,
)
from web.answers import answer, items
from web.errors import ApiError
from web.openapi import Body, Page, document_errors, document_response, validate_request
from web.routes.commands import audit
from web.routes.guards import principal, require_user
from web.routes.market_data import resolve
from web.routes.texts import Line
from web.services import services

blueprint = Blueprint("watchlists", __name__, url_prefix="/watchlists")
blueprint.before_request(require_user)

ONE: Final = "/<int:identity>"
SYMBOLS = 500

Name = Annotated[Line, msgspec.Meta(min_length=1)]
Symbol = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class WatchlistBody(Body, frozen=True, kw_only=True):
    """A list as it is to be; symbols may be written as anywhere, and are kept by their canonical names."""

    name: Name
    instruments: Annotated[list[Symbol], msgspec.Meta(max_length=SYMBOLS)] = msgspec.field(default_factory=list[str])

    @property
    def canonical(self) -> list[str]:
        """Each once, in the order they were written in. ApiError for a symbol that nobody lists."""
        return list(dict.fromkeys(resolve(services(), symbol) for symbol in self.instruments))


@blueprint.get("/")
@document_response(Page[Watchlist])
async def watchlists() -> Response:
    """One's own lists, by name."""
    return items(await _table().watchlists(principal().subject))


@blueprint.post("/")
@validate_request(WatchlistBody)
@document_response(Watchlist, 201)
@document_errors(404, 409)
async def add(data: WatchlistBody) -> Response:
    """A new one."""
    try:
        row = await _table().add_watchlist(principal().subject, data.name, data.canonical)
    except TooManyWatchlistsError as error:
        raise ApiError(409, "no more lists fit; delete one first", code="too_many_watchlists") from error
    except WatchlistNameError as error:
        raise _taken(data.name) from error
    made = _found(row)
    await audit("watchlist_added", f"watchlist/{made.id}", outcome="done")
    return answer(made, 201)


@blueprint.get(ONE)
@document_response(Watchlist)
async def watchlist(identity: int) -> Response:
    """One of them."""
    return answer(_found(await _table().watchlist(principal().subject, _number(identity))))


@blueprint.put(ONE)
@validate_request(WatchlistBody)
@document_response(Watchlist)
@document_errors(404, 409)
async def change(identity: int, data: WatchlistBody) -> Response:
    """Rewrites one as a whole."""
    own = principal().subject
    try:
        row = _found(await _table().change_watchlist(own, _number(identity), data.name, data.canonical))
    except WatchlistNameError as error:
        raise _taken(data.name) from error
    await audit("watchlist_changed", f"watchlist/{identity}", outcome="done")
    return answer(row)


@blueprint.delete(ONE)
@document_response(Watchlist)
async def delete(identity: int) -> Response:
    """Takes one away; its name is free again."""
    row = _found(await _table().retire_watchlist(principal().subject, _number(identity)))
    await audit("watchlist_retired", f"watchlist/{identity}", outcome="done")
    return answer(row)


def _number(identity: int) -> int:
    """The column of numbers can not hold every one that can be written."""
    if not 0 < identity < 2**31:
        raise _unknown()
    return identity


def _found(row: Watchlist | None) -> Watchlist:
    if row is None:
        raise _unknown()
    return row


def _unknown() -> ApiError:
    return ApiError(404, "you have no such list")


def _taken(name: str) -> ApiError:
    return ApiError(409, f"you have a list named {name!r} already")


def _table() -> Belongings:
    return services().durable.belongings
