"""``/auth/google``: signing in with a Google account; a page is sent there and comes back with a session's cookie."""

import asyncio
import hmac
import re
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from quart import Blueprint, Response, redirect, request

from engine.storage.durable.accounts import User
from engine.storage.hot.keys import SIGN_IN_EXPIRY_S
from web.accounts.errors import (
    AccountError,
    CredentialsError,
    EmailError,
    EmailTakenError,
    IdentityError,
    ProviderSilentError,
    RegistrationClosedError,
)
from web.accounts.google import Beginning, Google, Pending
from web.accounts.identity import Identity
from web.accounts.tokens import digest
from web.address import limit_key
from web.answers import answer
from web.errors import ApiError
from web.openapi import Body, Query, document_errors, document_response, guarded, validate_querystring, validate_request
from web.routes.commands import audit
from web.routes.grants import keep_in_cookie
from web.routes.guards import address, is_https, principal, require_user
from web.services import services

PREFIX = "/auth/google"
blueprint = Blueprint("google", __name__, url_prefix=PREFIX)

COOKIE = "ticktree_google"
_OWN_PAGE = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""A path of this site: ``//host`` and ``/\\host`` would lead elsewhere."""
_REFUSALS: dict[type[AccountError], str] = {
    EmailTakenError: "email_taken",
    EmailError: "email_not_verified",
    RegistrationClosedError: "registration_closed",
    CredentialsError: "account_disabled",
}

OwnPage = Annotated[str, msgspec.Meta(max_length=500)]


class Departure(Query, frozen=True, kw_only=True):
    """Where to go when it is done: a path of this site."""

    return_to: OwnPage = "/"


class Link(Body, frozen=True, kw_only=True):
    """The same for linking."""

    return_to: OwnPage = "/"


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """What Google sends a browser back with; it may add what we do not know."""

    state: str = ""
    code: str = ""
    error: str = ""


class Address(msgspec.Struct, frozen=True):
    """Where the page is to go next."""

    url: str


@blueprint.get("/login")
@validate_querystring(Departure)
@document_response(None, 302)
@document_errors(404, 429)
async def login(query_args: Departure) -> Response:
    """Sends the browser to Google; it comes back to ``return_to``, which gets ``?sign_in=…`` when that went wrong."""
    begun = await _begin(query_args.return_to)
    return _remembering(_gone_to(begun.address), begun)


@blueprint.post("/link")
@guarded(require_user)
@validate_request(Link)
@document_response(Address)
@document_errors(404, 429)
async def link(data: Link) -> Response:
    """For somebody who is signed in: where to send the browser, so that their Google account may sign in, too."""
    begun = await _begin(data.return_to, principal().subject)
    return _remembering(answer(Address(begun.address)), begun)


@blueprint.get("/callback")
@validate_querystring(Return)
@document_response(None, 302)
@document_errors(404)
async def callback(query_args: Return) -> Response:
    """Where Google sends the browser back to: sets the session's cookie and returns to the page."""
    google, pending = _google(), await _pending(query_args.state)
    if query_args.error or not query_args.code:
        await audit("google_login", "", outcome="refused", actor="google")
        return _returned(pending, "denied")
    try:
        identity = await google.finish(pending, query_args.code)
    except IdentityError as error:
        await audit("google_login", "", outcome="refused", actor="google")
        raise ApiError(400, str(error), code="bad_identity") from error
    except ProviderSilentError as error:
        raise ApiError(503, str(error), retry_after_s=5) from error
    return await (_link(pending, identity) if pending.user else _sign_in(pending, identity))


async def _sign_in(pending: Pending, identity: Identity) -> Response:
    rules = services()
    try:
        user = await rules.accounts.of_google(identity, may_register=rules.allow_registration)
        grant = await rules.accounts.sign_in(user, address(request))
    except AccountError as error:
        await audit("google_login", "", outcome="refused", actor=f"google {digest(identity.subject)[:16]}")
        return _returned(pending, _REFUSALS.get(type(error), "refused"))
    await _noted("google_login", user)
    response = _returned(pending)
    keep_in_cookie(response, grant)
    return response


async def _link(pending: Pending, identity: Identity) -> Response:
    done = await services().accounts.link_google(pending.user, identity)
    await audit("google_link", "", outcome="done" if done else "refused", actor=pending.user)
    return _returned(pending, "linked" if done else "linked_elsewhere")


async def _noted(action: str, user: User) -> None:
    await audit(action, user.email, outcome="done", actor=user.id)


async def _begin(return_to: str, user: str = "") -> Beginning:
    google, rules = _google(), services()
    if not _OWN_PAGE.fullmatch(return_to):
        raise ApiError(
            400, "return_to is a path of this site, as /charts", errors=["return_to: not a path of this site"]
        )
    wait_s = rules.limits.refreshing.take(limit_key(address(request)), asyncio.get_running_loop().time())
    if wait_s:
        raise ApiError(429, "too many requests from this address", retry_after_s=wait_s)
    try:
        begun = await google.begin(return_to, user)
    except ProviderSilentError as error:
        raise ApiError(503, str(error), retry_after_s=5) from error
    await rules.hot.keep_sign_in(digest(begun.state), msgspec.msgpack.encode(begun.pending))
    return begun


async def _pending(state: str) -> Pending:
    """What this browser began, once; ApiError when another did, or nobody, or too long ago."""
    kept = await services().hot.take_sign_in(digest(state)) if state else None
    pending = msgspec.msgpack.decode(kept, type=Pending) if kept else None
    if pending is None or not hmac.compare_digest(digest(request.cookies.get(COOKIE, "")), pending.browser):
        raise ApiError(
            400, "this sign-in was not begun in this browser, or too long ago: begin again", code="bad_state"
        )
    return pending


def _google() -> Google:
    google = services().google
    if google is None:
        raise ApiError(404, "signing in with Google is not set up here", code="not_set_up")
    return google


def _remembering(response: Response, begun: Beginning) -> Response:
    """Lax, and not Strict as the session's: the browser comes back by a link of another site."""
    response.set_cookie(
        COOKIE, begun.browser, max_age=SIGN_IN_EXPIRY_S, path=PREFIX, secure=is_https(), httponly=True, samesite="Lax"
    )
    return response


def _returned(pending: Pending, why: str = "") -> Response:
    separator = "&" if "?" in pending.return_to else "?"
    response = _gone_to(f"{pending.return_to}{separator}{urlencode({'sign_in': why})}" if why else pending.return_to)
    response.delete_cookie(COOKIE, path=PREFIX, secure=is_https(), httponly=True, samesite="Lax")
    return response


def _gone_to(place: str) -> Response:
    """The address we were called at has a code in it, which nobody else is to be told."""
    response = redirect(place, 302)
    assert isinstance(response, Response)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
