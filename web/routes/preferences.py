"""``/preferences``: what a user's pages keep for the next time, on every device."""

from typing import Any, cast

import msgspec
from quart import Blueprint, Response

from web.answers import answer
from web.errors import ApiError
from web.openapi import Body, document_errors, document_response, validate_request
from web.routes.guards import principal, require_user
from web.services import services

blueprint = Blueprint("preferences", __name__, url_prefix="/preferences")
blueprint.before_request(require_user)

BYTES = 16 * 1024
NESTED = 32


class Preferences(Body, frozen=True, kw_only=True):
    """Anything a page wants to find again; it is kept and not looked at."""

    preferences: dict[str, Any]


@blueprint.get("")
@document_response(Preferences)
async def own() -> Response:
    """One's own preferences; empty at first."""
    kept = await services().durable.belongings.preferences(principal().subject)
    if kept is None:
        raise _gone()
    return answer(Preferences(preferences=kept))


@blueprint.put("")
@validate_request(Preferences)
@document_response(Preferences)
@document_errors(413)
async def keep(data: Preferences) -> Response:
    """Keeps them in place of those before."""
    if _depth(data.preferences) > NESTED:
        raise ApiError(400, f"preferences: at most {NESTED} objects and lists within each other")
    written = msgspec.json.encode(data.preferences)
    if len(written) > BYTES:
        raise ApiError(413, f"preferences: expected at most {BYTES} bytes, was {len(written)}")
    if b"\\u0000" in written:
        raise ApiError(400, "preferences: a text has a character of code 0, which can not be kept")
    if not await services().durable.belongings.prefer(principal().subject, written.decode()):
        raise _gone()
    return answer(data)


def _depth(value: Any) -> int:
    """Level by level: what is nested deeply must not end our own stack."""
    level, depth = [value], 0
    while level := [inner for outer in level for inner in _within(outer)]:
        depth += 1
    return depth


def _within(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []


def _gone() -> ApiError:
    return ApiError(401, "this account is no more", code="session_over")
