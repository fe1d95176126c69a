"""Depth: what waits at the best prices of an instrument, twenty levels on each side."""

from quart import Blueprint, Response

from web.answers import answer, data_kind
from web.models.depth import DepthAnswer
from web.openapi import document_errors, document_response
from web.routes.guards import holder, require_reader
from web.routes.market_data import resolve
from web.services import services

blueprint = Blueprint("depth", __name__, url_prefix="/api/v1/depth")
blueprint.before_request(require_reader)


@blueprint.get("/<symbol>")
@document_response(DepthAnswer)
@document_errors(404)
async def depth(symbol: str) -> Response:
    """The order book of a share or derivative of NSE.

    Asked for, it is kept fresh for a minute; `failed` says why there is none.
    """
    rules = services()
    instrument = rules.directory.front(resolve(rules, symbol))
    found = await rules.depths.current(instrument, holder())
    now_ms = rules.system.clock.now_ns() // 1_000_000
    return answer(DepthAnswer.of(found.book, symbol, instrument, now_ms, data=data_kind(), failed=found.trouble))
