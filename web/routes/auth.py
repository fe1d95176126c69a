"""``/auth``: signing up, in and out, going on with a session, and the tickets that sockets open with."""

import asyncio
from typing import Annotated, Literal, NoReturn

import msgspec
from quart import Blueprint, Response, request

from engine.storage.durable.accounts import User
from web.accounts.attempts import REGISTER_ADDRESS, SIGN_IN_ACCOUNT, SIGN_IN_ADDRESS, Rule
from web.accounts.errors import (
    AccountError,
    CredentialsError,
    EmailTakenError,
    PasswordsBusyError,
    SessionOverError,
)
from web.accounts.principal import STREAM, pack_principal
from web.accounts.tokens import digest, random_token
from web.address import limit_key
from web.answers import answer
from web.errors import ApiError
from web.routes.bodies import Line, read_body
from web.routes.commands import audit
from web.routes.grants import forget_cookie, granted, refresh_cookie
from web.routes.guards import address, principal, require_scope, require_somebody, token
from web.services import services

blueprint = Blueprint("auth", __name__, url_prefix="/auth")

TICKET_S = 30

Text = Annotated[str, msgspec.Meta(max_length=1_024)]
Client = Literal["program", "browser"]


class Registration(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody wants an account."""

    email: Text
    password: Text
    name: Line = ""
    client: Client = "program"


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody shows who they are; ``browser``: the refresh token shall be a cookie."""

    email: Text
    password: Text
    client: Client = "program"


class Refresh(msgspec.Struct, forbid_unknown_fields=True):
    """A program's refresh token; a browser's comes as a cookie."""

    refresh_token: Text | None = None


@blueprint.post("/register")
async def register() -> Response:
    """Makes an account and signs in to it."""
    rules, wish = services(), await read_body(Registration)
    if not rules.allow_registration:
        raise ApiError(403, "accounts are made by the administrator here", code="registration_closed")
    await _count(REGISTER_ADDRESS, limit_key(address(request)))
    try:
        user = await rules.accounts.register(wish.email, wish.password, wish.name.strip())
        grant = await rules.accounts.sign_in(user, address(request))
    except AccountError as error:
        _refuse(error)
    await audit("register", user.email, outcome="done", actor=user.id)
    return granted(grant, browser=wish.client == "browser", status=201)


@blueprint.post("/login")
async def login() -> Response:
    """Signs in with email and password."""
    rules, wish = services(), await read_body(SignIn)
    account = wish.email.strip().lower()
    await _count(SIGN_IN_ADDRESS, limit_key(address(request)))
    await _count(SIGN_IN_ACCOUNT, account)
    try:
        found = await rules.accounts.recognize(account, wish.password)
        grant = await rules.accounts.sign_in(found.user, address(request), password_hash=found.password_hash)
    except CredentialsError as error:
        await audit("login", "", outcome="refused", actor=f"account {digest(account)[:16]}")
        _refuse(error)
    except AccountError as error:
        _refuse(error)
    await rules.attempts.forgive(SIGN_IN_ACCOUNT, account)
    await audit("login", found.user.email, outcome="done", actor=found.user.id)
    return granted(grant, browser=wish.client == "browser")


@blueprint.post("/refresh")
async def refresh() -> Response:
    """The next tokens of a session; the refresh token that is shown is good once."""
    rules, shown = services(), (await read_body(Refresh)).refresh_token
    wait_s = rules.limits.refreshing.take(limit_key(address(request)), asyncio.get_running_loop().time())
    if wait_s:
        raise ApiError(429, "too many requests from this address", retry_after_s=wait_s)
    cookie = None if shown is not None else refresh_cookie()
    try:
        grant = await rules.accounts.refresh(shown or cookie or "")
    except SessionOverError as error:
        response = ApiError(401, str(error), code="session_over").response
        if cookie is not None:
            forget_cookie(response)
        return response
    return granted(grant, browser=cookie is not None)


@blueprint.post("/logout")
async def logout() -> Response:
    """Ends the session of the access token, or of the refresh token; who has none is signed out already."""
    rules, shown = services(), (await read_body(Refresh)).refresh_token
    session = await _own_session(shown)
    if session is not None:
        await rules.accounts.sign_out(session)
        await audit("logout", session, outcome="done")
    response = answer({"status": "signed out"})
    forget_cookie(response)
    return response


@blueprint.get("/me")
async def me() -> Response:
    """Who the request's token belongs to, and what it may do."""
    await require_somebody()
    who = principal()
    body = {
        "kind": who.kind,
        "id": who.subject,
        "role": who.role,
        "scopes": sorted(who.scopes),
        "expires_at": who.expires_s,
    }
    user = await services().durable.user(who.subject) if who.kind == "user" else None
    return answer(body | (shown_user(user) if user else {}))


@blueprint.post("/ws-ticket")
async def ticket() -> Response:
    """A ticket that opens one socket within 30 s, so that no token stands in an address."""
    await require_scope(STREAM)()
    text = random_token()
    await services().hot.keep_ticket(digest(text), pack_principal(principal()))
    return answer({"ticket": text, "expires_in": TICKET_S})


def shown_user(user: User) -> dict[str, object]:
    """A user as answers show one."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "is_active": user.is_active,
        "created_at": user.created_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


async def _own_session(shown: str | None) -> str | None:
    """The session to end: the refresh token's, which is good for that however old it is, else the access token's."""
    refresh_token = shown or (None if token(request) is not None else refresh_cookie())
    if refresh_token is not None:
        return await services().accounts.session_of(refresh_token)
    if token(request) is None:
        return None
    await require_somebody()
    return principal().session if principal().kind == "user" else None


async def _count(rule: Rule, who: str) -> None:
    wait_s = await services().attempts.wait_s(rule, who)
    if wait_s:
        raise ApiError(429, "too many attempts; try again later", retry_after_s=wait_s)


def _refuse(error: AccountError) -> NoReturn:
    """An account's error as an answer."""
    match error:
        case CredentialsError():
            raise ApiError(401, str(error), code="bad_credentials") from error
        case EmailTakenError():
            raise ApiError(409, str(error), code="email_taken") from error
        case PasswordsBusyError():
            raise ApiError(503, str(error), retry_after_s=1) from error
        case _:
            raise ApiError(400, str(error)) from error
