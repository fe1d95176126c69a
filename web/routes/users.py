"""``/users/``: accounts as administrators see and change them."""

from typing import Literal

import msgspec
from quart import Blueprint, Response, request

from web.accounts.members import is_user_id
from web.answers import answer, items
from web.errors import ApiError
from web.pages import decode_page, encode_page
from web.routes.auth import shown_user
from web.routes.bodies import read_body
from web.routes.commands import audit
from web.routes.guards import principal, require_admin
from web.services import services

blueprint = Blueprint("users", __name__, url_prefix="/users")
blueprint.before_request(require_admin)

LIST = "users"
MOST = 1_000


class UserChange(msgspec.Struct, forbid_unknown_fields=True):
    """What an administrator changes of an account."""

    role: Literal["user", "admin"] | None = None
    is_active: bool | None = None


@blueprint.get("/")
async def accounts() -> Response:
    """``?limit=100&page_token=``: all accounts, by email."""
    limit, after = _limit(), decode_page(LIST, request.args.get("page_token"), [str])
    found = await services().durable.users(limit, str(after[0]) if after else "")
    following = encode_page(LIST, [found[-1].email] if len(found) == limit else None)
    return items([shown_user(user) for user in found], following)


@blueprint.get("/<identity>")
async def account(identity: str) -> Response:
    """One of them."""
    user = await services().durable.user(identity) if is_user_id(identity) else None
    if user is None:
        raise ApiError(404, "there is no such user")
    return answer(shown_user(user))


@blueprint.patch("/<identity>")
async def change(identity: str) -> Response:
    """Changes a role, or lets somebody in or out. All their sessions end: they sign in anew with what they are now."""
    wish = await read_body(UserChange)
    if wish.role is None and wish.is_active is None:
        raise ApiError(400, "nothing to change: expected role or is_active")
    return await _change(identity, wish)


@blueprint.delete("/<identity>")
async def disable(identity: str) -> Response:
    """Disables an account and ends its sessions and keys, in all processes within a second."""
    return await _change(identity, UserChange(is_active=False))


async def _change(identity: str, wish: UserChange) -> Response:
    if not is_user_id(identity):
        raise ApiError(404, "there is no such user")
    if identity == principal().subject:
        raise ApiError(409, "another administrator changes your account, so that one is left", code="own_account")
    said = ", ".join(f"{name}={value}" for name, value in msgspec.structs.asdict(wish).items() if value is not None)
    await audit("user_change", f"{identity} {said}")
    put_out = await services().accounts.change(identity, said, role=wish.role, is_active=wish.is_active)
    if put_out is None:
        raise ApiError(404, "there is no such user")
    return answer({**shown_user(put_out.user), "ended_sessions": len(put_out.sessions)})


def _limit() -> int:
    text = request.args.get("limit", "100")
    if not text.isdecimal() or len(text) > 4 or not 1 <= int(text) <= MOST:
        raise ApiError(400, f"limit is a number from 1 to {MOST}")
    return int(text)
