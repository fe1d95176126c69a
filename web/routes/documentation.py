"""The documentation of this interface: as OpenAPI, and as pages to read it and to try it out."""

import asyncio
from html import escape
from typing import Final

import msgspec
from quart import Blueprint, Response, current_app, request

from web.errors import ApiError
from web.openapi import document_of, hide
from web.openapi.assets import NAMES, asset
from web.routes.assets import FOR_EVER

blueprint = Blueprint("documentation", __name__)

POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing of others is loaded or asked, and no script runs but those files.

Both pages make style elements while they run, and ReDoc a worker, to search in.
"""

_DOCS: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>ticktree: interface</title>
<link rel="icon" href="data:,"><style>body {{ margin: 0 }}</style>
<link rel="stylesheet" href="{style}">
<body><div id="swagger-ui"></div>
<script src="{script}"></script>
<script src="{start}"></script>
</body></html>
"""
_REDOC: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>ticktree: interface</title>
<link rel="icon" href="data:,"><style>body {{ margin: 0 }}</style>
<body><redoc spec-url="/openapi.json"></redoc>
<script src="{script}"></script>
</body></html>
"""


@blueprint.get("/openapi.json")
@hide
async def openapi() -> Response:
    """The document, made anew for each who asks: few do."""
    return Response(msgspec.json.encode(document_of(current_app)), content_type="application/json")


@blueprint.get("/docs")
@hide
async def docs() -> Response:
    """Swagger UI: to read the interface and to try it out."""
    names = {"style": "swagger-ui.css", "script": "swagger-ui.js", "start": "swagger-start.js"}
    return await _page(_DOCS, names)


@blueprint.get("/redoc")
@hide
async def redoc() -> Response:
    """ReDoc: to read the interface."""
    return await _page(_REDOC, {"script": "redoc.js"})


@blueprint.get("/assets/<digest>/<name>")
@hide
async def one_asset(digest: str, name: str) -> Response:
    """A file of these pages; under an address that is not its own any more there is nothing."""
    if name not in NAMES or (found := await asyncio.to_thread(asset, name)).digest != digest:
        raise ApiError(404, "there is no such file")
    packed = "gzip" in request.accept_encodings
    response = Response(found.packed if packed else found.plain, content_type=found.content_type)
    response.headers["Cache-Control"] = FOR_EVER
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response


async def _page(page: str, names: dict[str, str]) -> Response:
    """A page with the addresses of its files."""
    addresses = {part: await asyncio.to_thread(_address, name) for part, name in names.items()}
    text = page.format_map({part: escape(address) for part, address in addresses.items()})
    response = Response(text, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _address(name: str) -> str:
    return f"/assets/{asset(name).digest}/{name}"
