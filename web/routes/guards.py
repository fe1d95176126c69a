"""Guards: what a request must show before a route answers; each is a blueprint's ``before_request``.

They are coroutines though they wait for nothing: Quart runs plain functions in threads.
"""

import asyncio

from quart import Request, Websocket, request

from web.access import bearer
from web.errors import ApiError
from web.services import services


async def require_admin() -> None:
    """The administrator's token, in the Authorization header."""
    if not _is_admin(request):
        raise ApiError(401, "this needs the administrator's token: Authorization: Bearer …")


async def require_reader() -> None:
    """The administrator's token; or the public feed, which is limited per address."""
    if _is_admin(request):
        return
    rules = services()
    if not rules.access.public_feed:
        raise ApiError(401, "this needs a token: Authorization: Bearer …")
    wait_s = rules.public_throttle.take(address(request), _now_s())
    if wait_s:
        raise ApiError(429, "too many requests from this address", retry_after_s=wait_s)


async def require_admin_or_loopback() -> None:
    """The administrator's token, unless the request comes from this machine and through no proxy."""
    forwarded = "Forwarded" in request.headers or "X-Forwarded-For" in request.headers
    if forwarded or address(request) not in ("127.0.0.1", "::1"):
        await require_admin()


def address(of: Request | Websocket) -> str:
    """Who asks, by the connection itself: headers of proxies are not believed."""
    client = of.scope["client"]
    return client[0] if client else ""


def _is_admin(of: Request) -> bool:
    token = bearer(of.headers.get("Authorization"))
    if token is None:
        return False
    access = services().access
    if not access.ready:
        raise ApiError(503, "the tokens have not been read yet", retry_after_s=1)
    if not access.admits(token, address(of), _now_s()):
        raise ApiError(401, "this token is not valid", code="bad_token")
    return True


def _now_s() -> float:
    return asyncio.get_running_loop().time()
