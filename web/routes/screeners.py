"""Screeners: lists of instruments, and what they cost now."""

from typing import Annotated

import msgspec
from msgspec import Meta
from quart import Blueprint, Response

from web.accounts.principal import SCREENERS
from web.answers import DataKind, answer, data_kind, items
from web.errors import ApiError
from web.openapi import Page, document_response
from web.prices import Board, board
from web.routes.guards import require_scope
from web.screeners import Screener
from web.services import services

blueprint = Blueprint("screeners", __name__, url_prefix="/api/v1/screeners")
blueprint.before_request(require_scope(SCREENERS))


class ScreenerLine(msgspec.Struct, frozen=True):
    """A screener, without its instruments."""

    id: str
    name: str
    description: str
    count: Annotated[int, Meta(description="Of its instruments.")]


class ScreenerPrice(msgspec.Struct, frozen=True):
    """One of its instruments, and its last price."""

    instrument: str
    symbol: str
    price: float | None
    as_of: Annotated[int | None, Meta(description="When it was observed, unix milliseconds.")]


class ScreenerShown(msgspec.Struct, frozen=True):
    """A screener, with the prices of its instruments."""

    id: str
    name: str
    description: str
    instruments: list[ScreenerPrice]
    missing: Annotated[list[str], Meta(description="Those of which nobody can tell a price now.")]
    timestamp: Annotated[int, Meta(description="When this was answered, unix milliseconds.")]
    data: DataKind


@blueprint.get("/")
@document_response(Page[ScreenerLine])
async def screeners() -> Response:
    """The screeners there are, by id."""
    found = sorted(services().screeners.items())
    return items([ScreenerLine(identity, one.name, one.description, len(one.instruments)) for identity, one in found])


@blueprint.get("/<identity>")
@document_response(ScreenerShown)
async def screener(identity: str) -> Response:
    """One of them: ``swing``, ``longterm``, or one of your own; its instruments in the order of the list."""
    rules, one = services(), found_screener(identity)
    found = await board(rules.hot, rules.directory, rules.last_prices, one.instruments)
    shown = [_shown(instrument, found) for instrument in one.instruments]
    now_ms = rules.system.clock.now_ns() // 1_000_000
    missing = list(found.missing)
    return answer(ScreenerShown(identity, one.name, one.description, shown, missing, now_ms, data_kind()))


@blueprint.post("/<identity>/run")
async def run(identity: str) -> Response:
    """Not yet: the screeners of this version are lists, which nothing has to find."""
    found_screener(identity)
    sentence = f"{identity} is a configured list and needs no run: GET /api/v1/screeners/{identity} has its prices"
    raise ApiError(404, sentence, code="not_available_yet")


def found_screener(identity: str) -> Screener:
    """The one of that id; ApiError 404 when there is none."""
    known = services().screeners
    if identity not in known:
        raise ApiError(404, f"there is no screener {identity[:100]!r}", errors=sorted(known))
    return known[identity]


def _shown(instrument: str, found: Board) -> ScreenerPrice:
    price = found.prices.get(instrument)
    symbol = instrument.partition(":")[2]
    if price is None:
        return ScreenerPrice(instrument, symbol, None, None)
    return ScreenerPrice(instrument, symbol, price.price, price.observed_ms)
