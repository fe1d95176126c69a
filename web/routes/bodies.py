"""Bodies: what a route takes, checked as a whole before it does anything."""

from typing import Annotated, TypeVar

import msgspec
from quart import request

from web.errors import ApiError

Line = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A short text of one line."""
Body = TypeVar("Body", bound=msgspec.Struct)


async def read_body(kind: type[Body]) -> Body:
    """The request's body; ApiError 400 names what is wrong with it, and never quotes it: it may be a password."""
    try:
        return msgspec.json.decode(await request.get_data(cache=False) or b"{}", type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, "the body is not what this takes", errors=[str(error)[:200]]) from error
