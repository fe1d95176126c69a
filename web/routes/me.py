"""``/auth/me``: who one is here, and the tickets that one's sockets open with."""

from datetime import datetime
from typing import Literal

import msgspec
from quart import Blueprint, Response

from engine.storage.durable.accounts import User
from web.accounts.principal import STREAM, Role, pack_principal
from web.accounts.tokens import digest, random_token
from web.answers import answer
from web.errors import ApiError
from web.openapi import document_response
from web.routes.guards import principal, require_somebody
from web.services import services

blueprint = Blueprint("me", __name__, url_prefix="/auth")
blueprint.before_request(require_somebody)

TICKET_S = 30


class Account(msgspec.Struct, frozen=True):
    """An account, as its owner and administrators see it."""

    id: str
    email: str
    name: str
    role: Role
    is_active: bool
    created_at: datetime


class Me(msgspec.Struct, frozen=True):
    """Whose token it is, and what it may do."""

    kind: Literal["user", "key", "operator"]
    id: str
    role: Role
    scopes: list[str]
    expires_at: float | None
    """Of the token, unix seconds."""
    email: str | None = None
    name: str | None = None


class Ticket(msgspec.Struct, frozen=True):
    """Opens one socket, within so many seconds."""

    ticket: str
    expires_in: int


@blueprint.get("/me")
@document_response(Me)
async def me() -> Response:
    """Who the request's token belongs to, and what it may do."""
    who = principal()
    user = await services().durable.user(who.subject) if who.kind == "user" else None
    known = {"email": user.email, "name": user.name} if user else {}
    return answer(
        {
            "kind": who.kind,
            "id": who.subject,
            "role": who.role,
            "scopes": sorted(who.scopes),
            "expires_at": who.expires_s,
            **known,
        }
    )


@blueprint.post("/ws-ticket")
@document_response(Ticket)
async def ticket() -> Response:
    """A ticket that opens one socket within 30 s, so that no token stands in an address."""
    if STREAM not in principal().scopes:
        raise ApiError(403, f"this needs the scope {STREAM!r}")
    text = random_token()
    await services().hot.keep_ticket(digest(text), pack_principal(principal()))
    return answer(Ticket(text, TICKET_S))


def shown_account(user: User) -> Account:
    """A user as answers show one."""
    return Account(user.id, user.email, user.name, user.role, user.is_active, user.created_at)
