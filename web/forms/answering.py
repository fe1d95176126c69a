"""Answering in a form: short answers as a whole, with headers, long ones as a stream while they are read."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

from quart import Response, request

from web.answers import SHORT_BYTES, streamed
from web.choices import choice
from web.forms.forms import FORMS, Form

Pieces = AsyncIterator[tuple[str, Sequence[Any]]]
"""Some more rows, and of which symbol; all of one symbol come after each other."""

_BY_TYPE: Final = {
    "application/json": "json",
    "text/csv": "csv",
    "application/msgpack": "msgpack",
    "application/vnd.apache.arrow.stream": "arrow",
}
"""Forms, as the header ``Accept`` calls them."""
MEDIA: Final = tuple(_BY_TYPE)[1:]
STREAMS: Final = ("csv", "arrow")
"""Forms that need not know before how long they will be."""


def form_name(written: str) -> str:
    """``format=``, or what ``Accept`` likes best; JSON for who likes nothing that we have."""
    if written:
        return choice("format", written, tuple(FORMS))
    return _BY_TYPE[request.accept_mimetypes.best_match(list(_BY_TYPE)) or "application/json"]


async def answered_in(form: Form, pieces: Pieces, about: Callable[[], Mapping[str, Any]], *, endless: bool) -> Response:
    """The pieces in that form. ``about`` is asked when they are over, for what is to be said of them all.

    An answer that is short is put together first, so that it can be compressed and has an ETag, and what goes wrong in
    it is told with its status; a page of any length is where its form has to know its length, unless it is ``endless``.
    """
    body = _written(form, pieces, about)
    parts, size = list[bytes](), 0
    async for part in body:
        parts.append(part)
        size += len(part)
        if size >= SHORT_BYTES and (form.streams or endless):
            return _varying(streamed(_whole(b"".join(parts), body), form.content_type))
    response = _varying(Response(b"".join(parts), content_type=form.content_type))
    if not form.tells_all:
        said = about()
        if "complete" in said:
            response.headers["X-Ticktree-Complete"] = str(said["complete"]).lower()
        response.headers["X-Ticktree-Next-Page"] = said["next_page_token"] or ""
    return response


def _varying(response: Response) -> Response:
    response.headers["Vary"] = "Accept"
    return response


async def _written(form: Form, pieces: Pieces, about: Callable[[], Mapping[str, Any]]) -> AsyncIterator[bytes]:
    """The answer in pieces, each when it is asked for: what nobody has taken yet has not been read yet."""
    yield form.begin()
    async for symbol, rows in pieces:
        yield form.rows(symbol, rows)
    yield form.end(about())


async def _whole(beginning: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield beginning
    async for part in rest:
        yield part
