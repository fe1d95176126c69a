"""Indicators: what definitions of screeners may compare."""

from quart import Blueprint, Response

from engine.screening import INDICATORS, Indicator
from web.accounts.principal import SCREENERS
from web.answers import items
from web.openapi import Page, document_response
from web.routes.guards import require_scope

blueprint = Blueprint("indicators", __name__, url_prefix="/api/v1/indicators")
blueprint.before_request(require_scope(SCREENERS))


@blueprint.get("/")
@document_response(Page[Indicator])
async def indicators() -> Response:
    """All of them, each with its unit and the numbers it takes."""
    return items(list(INDICATORS.values()))
