"""Current prices of many instruments at once."""

from typing import Annotated

import msgspec
from msgspec import Meta
from quart import Blueprint, Response

from web.answers import DataKind, answer, data_kind
from web.errors import ApiError
from web.openapi import Body, Query, document_response, validate_querystring, validate_request
from web.prices import MOST_KEYS, Board, board
from web.routes.guards import require_reader
from web.services import services

blueprint = Blueprint("prices", __name__, url_prefix="/api/v1")
blueprint.before_request(require_reader)


class PricesQuery(Query, frozen=True, kw_only=True):
    """Which prices."""

    keys: Annotated[str, Meta(description="Symbols or segment keys (`NSE:RELIANCE,NSE_EQ:1333`), up to 1,000.")]


class PricesWanted(Body, frozen=True, kw_only=True):
    """Which prices, for lists too long for an address."""

    keys: Annotated[list[str], Meta(description="Symbols or segment keys, up to 1,000.")]


class CurrentPrices(msgspec.Struct, frozen=True):
    """The last traded prices, under the keys as they were asked for."""

    prices: dict[str, float]
    timestamp: Annotated[int, Meta(description="When this was answered, unix milliseconds.")]
    count: int
    cached_count: Annotated[int, Meta(description="How many were at hand.")]
    api_fetched_count: Annotated[int, Meta(description="How many a provider was asked for just now.")]
    as_of: Annotated[dict[str, int], Meta(description="When each was observed, unix milliseconds.")]
    age_ms: dict[str, int]
    missing: Annotated[list[str], Meta(description="Keys that nobody knows, or of which nobody can tell a price now.")]
    data: DataKind


@blueprint.get("/current_prices")
@validate_querystring(PricesQuery)
@document_response(CurrentPrices)
async def current_prices(query_args: PricesQuery) -> Response:
    """Prices of ``?keys=NSE_EQ:1333,NSE:RELIANCE``; what no tick has told within 30 s is asked of the provider."""
    return await _prices(query_args.keys.split(","))


@blueprint.post("/current_prices")
@validate_request(PricesWanted)
@document_response(CurrentPrices)
async def current_prices_of_body(data: PricesWanted) -> Response:
    """Prices of ``{"keys": […]}``, for lists too long for an address."""
    return await _prices(data.keys)


async def _prices(written: list[str]) -> Response:
    keys = list(dict.fromkeys(key.strip() for key in written if key.strip()))
    if not keys or len(keys) > MOST_KEYS:
        raise ApiError(400, f"ask for 1 to {MOST_KEYS} keys, was {len(keys)}")
    rules = services()
    found = await board(rules.hot, rules.directory, rules.last_prices, keys)
    return answer(_told(found, rules.system.clock.now_ns() // 1_000_000))


def _told(found: Board, now_ms: int) -> CurrentPrices:
    as_of = {key: price.observed_ms for key, price in found.prices.items() if price.observed_ms is not None}
    return CurrentPrices(
        prices={key: price.price for key, price in found.prices.items()},
        timestamp=now_ms,
        count=len(found.prices),
        cached_count=len(found.prices) - found.fetched,
        api_fetched_count=found.fetched,
        as_of=as_of,
        age_ms={key: max(0, now_ms - at_ms) for key, at_ms in as_of.items()},
        missing=list(found.missing),
        data=data_kind(),
    )
