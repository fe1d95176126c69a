"""Filling the tables of entities from providers' instrument lists, as jobs of the engine."""

from typing import Annotated

from msgspec import Meta
from quart import Blueprint, Response

from web.answers import answer
from web.openapi import Body, document_errors, document_response, validate_request
from web.routes.admin import Begun
from web.routes.commands import ENGINE, ask, audit
from web.routes.guards import require_admin
from web.routes.keeping import legible

blueprint = Blueprint("populate", __name__, url_prefix="/populate_database")
blueprint.before_request(require_admin)

Names = Annotated[list[Annotated[str, Meta(min_length=1, max_length=60)]], Meta(max_length=1_000)]


class PopulateBody(Body, frozen=True, kw_only=True):
    """From which list, and what of it; all is taken where nothing is said."""

    provider: Annotated[str, Meta(max_length=40)] = ""
    """Whose list: the first provider's that runs, when none is named."""
    file: Annotated[str, Meta(max_length=100)] = ""
    """A list in the folder ``masters`` of the engine's data folder; else it is fetched from the provider."""
    exchanges: Names | None = None
    """Shares and indices of these alone."""
    underlyings: Names | None = None
    """Futures and options on these alone."""
    symbols: Names | None = None
    """Shares of New York to add by name, as `NASDAQ:PLTR`, for a provider that publishes no list."""


@blueprint.post("/<any(exchanges, instruments, mappings):what>")
@validate_request(PopulateBody)
@document_response(Begun, 202)
@document_errors(409, 504)
async def populate(what: str, data: PopulateBody) -> Response:
    """Begins a job that adds what is new and updates what changed; repeated, it makes nothing twice.

    Mappings are made of instruments that are there. What has expired is set inactive; what a list does not name any more
    stays as it is, and so does what was set inactive.
    """
    legible(data)
    named = {
        "provider": data.provider,
        "file": data.file,
        "exchanges": data.exchanges,
        "underlyings": data.underlyings,
        "symbols": data.symbols,
    }
    told = ", ".join(f"{name} {value}" for name, value in named.items() if value)
    await audit("populate", f"{what} {told}".strip()[:500])
    return answer({"job": await ask(ENGINE, "populate", what=what, **named)}, 202)
