"""``/users/``: accounts as administrators see and change them."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from quart import Blueprint, Response

from web.accounts.members import is_user_id
from web.answers import answer, items
from web.errors import ApiError
from web.openapi import Body, Page, Query, document_errors, document_response, validate_querystring, validate_request
from web.page_tokens import decode_page, encode_page
from web.routes.commands import audit
from web.routes.guards import principal, require_admin
from web.routes.me import Account, shown_account
from web.services import services

blueprint = Blueprint("users", __name__, url_prefix="/users")
blueprint.before_request(require_admin)

LIST = "users"


class Listed(Query, frozen=True, kw_only=True):
    """Which of the accounts, by email."""

    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100
    page_token: str | None = None


class Removal(Query, frozen=True, kw_only=True):
    """Whether an account is disabled, or taken away with all that belongs to it."""

    hard: bool = False


class AccountChange(Body, frozen=True, kw_only=True):
    """What an administrator changes of an account."""

    role: Literal["user", "admin"] | None = None
    is_active: bool | None = None


class ChangedAccount(msgspec.Struct, frozen=True):
    """An account after a change, and how many of its sessions ended with it."""

    account: Account
    ended_sessions: int


@blueprint.get("/")
@validate_querystring(Listed)
@document_response(Page[Account])
async def accounts(query_args: Listed) -> Response:
    """All accounts, by email."""
    key = decode_page(LIST, query_args.page_token, [str])
    found = await services().durable.users(query_args.limit, str(key[0]) if key else "")
    following = [found[-1].email] if len(found) == query_args.limit else None
    return items([shown_account(user) for user in found], encode_page(LIST, following))


@blueprint.get("/<identity>")
@document_response(Account)
async def account(identity: str) -> Response:
    """One of them."""
    user = await services().durable.user(identity) if is_user_id(identity) else None
    if user is None:
        raise _unknown()
    return answer(shown_account(user))


@blueprint.patch("/<identity>")
@validate_request(AccountChange)
@document_response(ChangedAccount)
@document_errors(409)
async def change(identity: str, data: AccountChange) -> Response:
    """Changes a role, or lets somebody in or out. All their sessions end: they sign in anew with what they are now."""
    if data.role is None and data.is_active is None:
        raise ApiError(400, "nothing to change: expected role or is_active")
    return await _change(identity, data)


@blueprint.delete("/<identity>")
@validate_querystring(Removal)
@document_response(ChangedAccount)
@document_errors(409)
async def remove(identity: str, query_args: Removal) -> Response:
    """Disables an account and ends its sessions and keys, in all processes within a second."""
    if query_args.hard:
        await services().hot.ping()  # of sessions that are gone from the database only Redis can tell the others
    response = await _change(identity, AccountChange(is_active=False))
    if query_args.hard:
        await audit("user_delete", identity)
        await services().durable.delete_user(identity)
    return response


async def _change(identity: str, wish: AccountChange) -> Response:
    if not is_user_id(identity):
        raise _unknown()
    if identity == principal().subject:
        raise ApiError(409, "another administrator changes your account, so that one is left", code="own_account")
    said = ", ".join(f"{name}={value}" for name, value in msgspec.structs.asdict(wish).items() if value is not None)
    await audit("user_change", f"{identity} {said}")
    put_out = await services().accounts.change(identity, said, role=wish.role, is_active=wish.is_active)
    if put_out is None:
        raise _unknown()
    return answer(ChangedAccount(shown_account(put_out.user), len(put_out.sessions)))


def _unknown() -> ApiError:
    return ApiError(404, "there is no such user")
