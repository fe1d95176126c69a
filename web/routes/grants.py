"""Grants: how somebody gets their tokens; the browser program its refresh token as a cookie no script can read."""

import time
from typing import Literal

import msgspec
from quart import Response, request

from web.accounts.accounts import Grant
from web.accounts.tokens import ACCESS_S
from web.answers import answer
from web.errors import ApiError
from web.origins import is_ours
from web.routes.guards import is_https
from web.services import services

COOKIE = "ticktree_refresh"
PATH = "/auth"
"""Nothing else ever sees the cookie."""


class Tokens(msgspec.Struct, frozen=True):
    """What somebody gets who has shown who they are; a browser's refresh token comes as a cookie instead."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    """Seconds that the access token is good."""
    refresh_token: str | msgspec.UnsetType = msgspec.UNSET

    def __repr__(self) -> str:
        return "Tokens(***)"


def granted(grant: Grant, *, browser: bool, status: int = 200) -> Response:
    """The answer with somebody's tokens."""
    tokens = Tokens(grant.access_token, "bearer", int(ACCESS_S))
    if not browser:
        return answer(msgspec.structs.replace(tokens, refresh_token=grant.refresh_token), status)
    response = answer(tokens, status)
    keep_in_cookie(response, grant)
    return response


def keep_in_cookie(response: Response, grant: Grant) -> None:
    """Lets the browser keep the refresh token, for pages of ours only."""
    lifetime_s = max(0, int(grant.refresh_expires_s - time.time()))
    response.set_cookie(
        COOKIE, grant.refresh_token, max_age=lifetime_s, path=PATH, secure=is_https(), httponly=True, samesite="Strict"
    )


def forget_cookie(response: Response) -> None:
    """Lets the browser forget it."""
    response.delete_cookie(COOKIE, path=PATH, secure=is_https(), httponly=True, samesite="Strict")


def refresh_cookie() -> str | None:
    """The refresh token of a browser whose page is ours; ApiError 403 when another page has sent it here."""
    token = request.cookies.get(COOKIE)
    if token is None:
        return None
    origin = request.headers.get("Origin", "")
    if not is_ours(origin, request.headers.get("Host", ""), services().allowed_origins):
        raise ApiError(403, "the cookie is for pages of this site", code="foreign_origin")
    return token
