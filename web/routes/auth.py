"""``/auth``: signing up, in and out, and going on with a session."""

import asyncio
from typing import NoReturn

import msgspec
from quart import Blueprint, Response, request

from web.accounts.attempts import REGISTER_ADDRESS, SIGN_IN, SIGN_IN_ACCOUNT, SIGN_IN_ADDRESS, Rule
from web.accounts.errors import (
    AccountError,
    CredentialsError,
    EmailTakenError,
    NoPasswordError,
    PasswordsBusyError,
    SessionOverError,
    WrongPasswordError,
)
from web.accounts.tokens import digest
from web.address import limit_key
from web.answers import answer
from web.errors import ApiError
from web.openapi import document_errors, document_response, validate_request
from web.routes.commands import audit
from web.routes.grants import Tokens, forget_cookie, granted, refresh_cookie
from web.routes.guards import address, principal, require_somebody, token
from web.routes.texts import Client, Line, Secret, Text
from web.services import services

blueprint = Blueprint("auth", __name__, url_prefix="/auth")


class Registration(Secret, frozen=True, kw_only=True):
    """Somebody wants an account."""

    email: Text
    password: Text
    name: Line = ""
    client: Client = "program"


class SignIn(Secret, frozen=True, kw_only=True):
    """Somebody shows who they are; ``browser``: the refresh token shall be a cookie."""

    email: Text
    password: Text
    client: Client = "program"


class Refresh(Secret, frozen=True, kw_only=True):
    """A program's refresh token; a browser's comes as a cookie."""

    refresh_token: Text | None = None


class Done(msgspec.Struct, frozen=True):
    """It is so now."""

    status: str


class Ways(msgspec.Struct, frozen=True):
    """How one comes in here."""

    google: bool
    """Whether ``/auth/google/login`` leads anywhere."""
    registration: bool
    """Whether people may make accounts themselves."""


@blueprint.get("/ways")
@document_response(Ways)
async def ways() -> Response:
    """How one may sign in here, for the page where one does."""
    rules = services()
    return answer(Ways(google=rules.google is not None, registration=rules.allow_registration))


@blueprint.post("/register")
@validate_request(Registration)
@document_response(Tokens, 201)
@document_errors(403, 409, 429)
async def register(data: Registration) -> Response:
    """Makes an account and signs in to it."""
    rules = services()
    if not rules.allow_registration:
        raise ApiError(403, "accounts are made by the administrator here", code="registration_closed")
    await count(REGISTER_ADDRESS, limit_key(address(request)))
    try:
        user = await rules.accounts.register(data.email, data.password, data.name.strip())
        grant = await rules.accounts.sign_in(user, address(request))
    except AccountError as error:
        refuse(error)
    await audit("register", user.email, outcome="done", actor=user.id)
    return granted(grant, browser=data.client == "browser", status=201)


@blueprint.post("/login")
@validate_request(SignIn)
@document_response(Tokens)
@document_errors(401, 429)
async def login(data: SignIn) -> Response:
    """Signs in with email and password."""
    rules, account = services(), data.email.strip().lower()
    where = limit_key(address(request))
    pair = f"{account} {where}"
    for rule, who in ((SIGN_IN_ADDRESS, where), (SIGN_IN, pair), (SIGN_IN_ACCOUNT, account)):
        await count(rule, who)
    try:
        found = await rules.accounts.recognize(account, data.password)
        grant = await rules.accounts.sign_in(found.user, address(request), password_hash=found.password_hash)
    except CredentialsError as error:
        await audit("login", "", outcome="refused", actor=f"account {digest(account)[:16]}")
        refuse(error)
    except AccountError as error:
        refuse(error)
    await rules.attempts.forgive(SIGN_IN, pair)
    await rules.attempts.forgive(SIGN_IN_ACCOUNT, account)
    await audit("login", found.user.email, outcome="done", actor=found.user.id)
    return granted(grant, browser=data.client == "browser")


@blueprint.post("/refresh")
@validate_request(Refresh)
@document_response(Tokens)
@document_errors(401, 403, 429)
async def refresh(data: Refresh) -> Response:
    """The next tokens of a session; the refresh token that is shown is good once."""
    rules = services()
    wait_s = rules.limits.refreshing.take(limit_key(address(request)), asyncio.get_running_loop().time())
    if wait_s:
        raise ApiError(429, "too many requests from this address", retry_after_s=wait_s)
    cookie = None if data.refresh_token is not None else refresh_cookie()
    try:
        grant = await rules.accounts.refresh(data.refresh_token or cookie or "")
    except SessionOverError as error:
        response = ApiError(401, str(error), code="session_over").response
        if cookie is not None:
            forget_cookie(response)
        return response
    return granted(grant, browser=cookie is not None)


@blueprint.post("/logout")
@validate_request(Refresh)
@document_response(Done)
@document_errors(401, 403, 429)
async def logout(data: Refresh) -> Response:
    """Ends the session of the access token, or of the refresh token; who has none is signed out already."""
    session = await _own_session(data.refresh_token)
    if session is not None:
        await services().accounts.sign_out(session)
        await audit("logout", session, outcome="done")
    response = answer(Done("signed out"))
    forget_cookie(response)
    return response


async def _own_session(shown: str | None) -> str | None:
    """The session to end: the refresh token's, which is good for that however old it is, else the access token's."""
    refresh_token = shown or (None if token(request) is not None else refresh_cookie())
    if refresh_token is not None:
        return await services().accounts.session_of(refresh_token)
    if token(request) is None:
        return None
    await require_somebody()
    return principal().session if principal().kind == "user" else None


async def count(rule: Rule, who: str) -> None:
    """Counts an attempt before it is made; ApiError 429 when there have been too many."""
    wait_s = await services().attempts.wait_s(rule, who)
    if wait_s:
        raise ApiError(429, "too many attempts; try again later", retry_after_s=wait_s)


def refuse(error: AccountError) -> NoReturn:
    """An account's error as an answer."""
    match error:
        case CredentialsError():
            raise ApiError(401, str(error), code="bad_credentials") from error
        case WrongPasswordError():
            raise ApiError(403, str(error), code="wrong_password") from error
        case NoPasswordError():
            raise ApiError(409, str(error), code="no_password") from error
        case EmailTakenError():
            raise ApiError(409, str(error), code="email_taken") from error
        case PasswordsBusyError():
            raise ApiError(503, str(error), retry_after_s=1) from error
        case _:
            raise ApiError(400, str(error)) from error
