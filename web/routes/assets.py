"""The files that the pages are made of; a name is that of one content for ever."""

from typing import Final

from quart import Blueprint, Response

from web.errors import ApiError
from web.openapi import hide
from web.packing import best_encoding
from web.services import services

blueprint = Blueprint("assets", __name__)

FOR_EVER: Final = "public, max-age=31536000, immutable"


@blueprint.get("/assets/<name>")
@hide
async def screen_file(name: str) -> Response:
    """A file of the screen, packed as the browser likes it best."""
    screen = services().screen
    found = screen.files.get(name) if screen else None
    if found is None:
        raise ApiError(404, "there is no such file")
    encoding = best_encoding(found.packed)
    response = Response(found.packed[encoding] if encoding else found.plain, content_type=found.content_type)
    response.headers["Cache-Control"] = FOR_EVER
    response.headers["Vary"] = "Accept-Encoding"
    if encoding:
        response.headers["Content-Encoding"] = encoding
    return response
