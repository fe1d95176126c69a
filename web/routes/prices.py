"""Current prices of many instruments at once."""

import asyncio
from typing import Any

from quart import Blueprint, Response, request

from engine.market.errors import SymbolError
from engine.market.symbols import is_segment_key, parse_segment_key
from web.answers import answer, data_kind, json_body
from web.errors import ApiError
from web.routes.guards import require_reader
from web.services import Services, services

blueprint = Blueprint("prices", __name__, url_prefix="/api/v1")
blueprint.before_request(require_reader)

KEYS = 1000


@blueprint.get("/current_prices")
async def current_prices() -> Response:
    """Prices of ``?keys=NSE_EQ:1333,NSE:RELIANCE``."""
    return await _prices([key for key in request.args.get("keys", "").split(",") if key.strip()])


@blueprint.post("/current_prices")
async def current_prices_of_body() -> Response:
    """Prices of ``{"keys": […]}``, for lists too long for an address."""
    keys = (await json_body()).get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):  # pyright: ignore[reportUnknownVariableType]
        raise ApiError(400, '"keys" must be a list of symbols or segment keys')
    return await _prices([str(key) for key in keys])  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


async def _prices(written: list[str]) -> Response:
    keys = list(dict.fromkeys(key.strip() for key in written))
    if not keys or len(keys) > KEYS:
        raise ApiError(400, f"ask for 1 to {KEYS} keys, was {len(keys)}")
    rules = services()
    places = {key: place for key in keys if (place := _segment_key(rules, key)) is not None}
    found, quotes = await asyncio.gather(rules.hot.prices(list(places.values())), _quotes(rules, list(places.values())))
    prices = {key: price for key, price in zip(places, found, strict=True) if price is not None}
    now_ms = rules.system.clock.now_ns() // 1_000_000
    as_of = {key: quotes[places[key]] for key in prices if places[key] in quotes}
    return answer(
        {
            "prices": prices,
            "timestamp": now_ms,
            "count": len(prices),
            "cached_count": len(prices),
            "api_fetched_count": 0,
            "as_of": as_of,
            "age_ms": {key: max(0, now_ms - at_ms) for key, at_ms in as_of.items()},
            "missing": [key for key in keys if key not in prices],
            "data": data_kind(),
        }
    )


def _segment_key(rules: Services, key: str) -> str | None:
    """Where a price is kept; None for what nobody knows or carries."""
    try:
        if is_segment_key(key):
            return str(parse_segment_key(key))
        return rules.directory.segment_key(rules.directory.resolve(key))
    except SymbolError:
        return None


async def _quotes(rules: Services, places: list[str]) -> dict[str, int]:
    """When each price was observed, in milliseconds UTC."""
    instruments = {place: name for place in places if (name := rules.directory.instrument_at(place)) is not None}
    quotes: dict[str, dict[str, Any]] = await rules.hot.quotes(list(instruments.values()))
    return {
        place: quotes[instrument]["ts_event"] // 1_000_000
        for place, instrument in instruments.items()
        if quotes.get(instrument, {}).get("ts_event")
    }
