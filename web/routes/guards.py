"""Guards: what a request must show before a route answers; each is a blueprint's ``before_request``.

Who asks is at ``g.principal`` from then on. Guards are coroutines though some wait for nothing: Quart runs plain
functions in threads.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from quart import Request, Websocket, g, request

from web.access import AccessError, NotReadyError, TokenEndedError, bearer
from web.accounts.principal import READ, Principal, public
from web.address import client_address, limit_key
from web.errors import ApiError
from web.openapi import opened_by_public_feed
from web.services import services

KEY_HEADER = "X-API-Key"

Guard = Callable[[], Awaitable[None]]


def principal() -> Principal:
    """Who asks, as the route's guard found out; somebody public where there is no guard."""
    return cast("Principal", g.principal) if "principal" in g else public(address(request))


def holder() -> str:
    """On whose account the engine works for who asks; an administrator's token is on nobody's."""
    who = principal()
    return "" if who.kind == "operator" else f"{who.kind} {limit_key(who.subject)}"


def require_scope(scope: str) -> Guard:
    """Somebody known, with this scope."""

    async def guard() -> None:
        await _require(scope)

    return guard


async def require_admin() -> None:
    """An administrator: by role, and if it is a key by scope, too; or the administrator's token."""
    if not (await _known()).is_admin:
        raise ApiError(403, "this is for administrators")


async def require_user() -> None:
    """Somebody who signed in to an account."""
    if (await _known()).kind != "user":
        raise ApiError(403, "this belongs to an account: sign in to one")


async def require_somebody() -> None:
    """Anybody known: a user, a key, or the administrator's token."""
    await _known()


@opened_by_public_feed("GET", "POST")
async def require_reader() -> None:
    """Somebody who may read prices; or the public feed, which is limited per address."""
    rules = services()
    if token(request) is not None or not rules.access.public_feed:
        await _require(READ)
        return
    g.principal = public(address(request))
    wait_s = rules.limits.public.take(limit_key(g.principal.subject), _now_s())
    if wait_s:
        raise ApiError(429, "too many requests from this address", retry_after_s=wait_s)


@opened_by_public_feed("GET")
async def require_keeper() -> None:
    """Somebody who may read prices; an administrator for whatever changes something."""
    await (require_reader() if request.method in ("GET", "HEAD", "OPTIONS") else require_admin())


async def require_admin_or_loopback() -> None:
    """An administrator, unless the request comes from this machine and through no proxy."""
    forwarded = "Forwarded" in request.headers or "X-Forwarded-For" in request.headers
    if forwarded or address(request) not in ("127.0.0.1", "::1"):
        await require_admin()


def token(of: Request | Websocket) -> str | None:
    """The token or key that came with a request."""
    return bearer(of.headers.get("Authorization")) or of.headers.get(KEY_HEADER) or None


def address(of: Request | Websocket) -> str:
    """Who asks, by the connection itself, or by the word of proxies that are ours."""
    client = of.scope["client"]
    hops = services().trusted_proxies
    return client_address(client[0] if client else "", of.headers.getlist("X-Forwarded-For"), hops)


def is_https() -> bool:
    """Whether the browser came by HTTPS, to us or to a proxy of ours."""
    return services().https_only or (_forwarded_scheme(request) or request.scheme) == "https"


def is_bare(of: Websocket) -> bool:
    """Whether a proxy of ours says that somebody came without HTTPS to a site that has it: their token was read on the way."""
    return services().https_only and _forwarded_scheme(of) == "http"


def _forwarded_scheme(of: Request | Websocket) -> str | None:
    """By which the browser came, by the word of proxies that are ours."""
    written = [part.strip() for line in of.headers.getlist("X-Forwarded-Proto") for part in line.split(",")]
    hops = services().trusted_proxies
    return written[-hops] if 0 < hops <= len(written) else None


async def _require(scope: str) -> None:
    if scope not in (await _known()).scopes:
        raise ApiError(403, f"this needs the scope {scope!r}")


async def _known() -> Principal:
    """Who asks, within their limits; an error when they have shown nothing, or nothing that is valid."""
    shown = token(request)
    if shown is None:
        raise ApiError(401, "this needs a token: Authorization: Bearer …")
    rules = services()
    try:
        who = await rules.access.admit(shown, limit_key(address(request)))
    except NotReadyError as error:
        raise ApiError(503, "the tokens have not been read yet", retry_after_s=1) from error
    except TokenEndedError as error:
        raise ApiError(401, str(error), code="token_expired") from error
    except AccessError as error:
        raise ApiError(401, "this token is not valid", code="bad_token") from error
    g.principal = who
    wait_s = rules.limits.of(who, _now_s())
    if wait_s:
        raise ApiError(429, "too many requests of this account", retry_after_s=wait_s)
    return who


def _now_s() -> float:
    return asyncio.get_running_loop().time()
