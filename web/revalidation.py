"""Revalidation: who has an answer already asks whether it still holds, and is spared the rest."""

from hashlib import blake2b
from typing import Final

from quart import Blueprint, Quart, Response, request
from quart.wrappers.response import DataBody
from werkzeug.http import quote_etag

CACHE_CONTROL: Final = "private, no-cache"
"""To be kept by who asked alone, and to be asked about before each use."""


def revalidate(blueprint: Blueprint) -> None:
    """The answers of its GET routes carry an ETag; ``If-None-Match`` with the same is answered 304, without a body."""
    blueprint.after_request(_mark)


def is_revalidated(app: Quart, blueprint: Blueprint) -> bool:
    """Whether that was said of it."""
    return _mark in app.after_request_funcs.get(blueprint.name, ())


async def _mark(response: Response) -> Response:
    """A weak one, of what the answer says: it is the same however it is packed on the way."""
    body = response.response
    if request.method not in ("GET", "HEAD") or response.status_code != 200 or not isinstance(body, DataBody):
        return response
    tag = blake2b(body.data, digest_size=16).hexdigest()
    response.headers["ETag"] = quote_etag(tag, weak=True)
    response.headers["Cache-Control"] = CACHE_CONTROL
    if request.if_none_match.contains_weak(tag):
        response.status_code = 304
        response.set_data(b"")
        for name in ("Content-Type", "Content-Length"):
            response.headers.pop(name, None)
    return response
