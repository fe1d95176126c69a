"""``/auth/api-keys``: the keys that programs come with; only a person makes and ends them."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from quart import Blueprint, Response

from engine.storage.durable.accounts import ApiKey
from engine.storage.durable.accounts.keys import KEYS
from web.accounts.keys import is_key_id, new_key
from web.accounts.principal import ADMIN, READ, SCOPES, STREAM, Principal
from web.answers import answer, items
from web.errors import ApiError
from web.openapi import Body, Page, document_errors, document_response, validate_request
from web.routes.commands import audit
from web.routes.guards import principal, require_somebody
from web.routes.texts import Line
from web.services import services

blueprint = Blueprint("api_keys", __name__, url_prefix="/auth/api-keys")

REQUESTS_PER_MINUTE = 600
MOST_REQUESTS_PER_MINUTE = 60_000


class ShownKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, without its secret."""

    id: str
    name: str
    scopes: list[str]
    requests_per_minute: int
    expires_at: datetime | None
    created_at: datetime


class MadeKey(ShownKey, frozen=True, kw_only=True):
    """A key that was just made; its text is shown this once."""

    key: str

    def __repr__(self) -> str:
        return f"MadeKey({self.id})"


class EndedKey(msgspec.Struct, frozen=True):
    """A key that admits nobody any more."""

    id: str
    is_active: bool


class NewApiKey(Body, frozen=True, kw_only=True):
    """A program needs a key."""

    name: Annotated[Line, msgspec.Meta(min_length=1)]
    scopes: list[str] = msgspec.field(default_factory=lambda: [READ, STREAM])
    requests_per_minute: Annotated[int, msgspec.Meta(ge=1, le=MOST_REQUESTS_PER_MINUTE)] = REQUESTS_PER_MINUTE
    expires_at: datetime | None = None


@blueprint.before_request
async def require_person() -> None:
    """A key makes no keys: one that leaked would outlive its end."""
    await require_somebody()
    if principal().kind == "key":
        raise ApiError(403, "keys are made and ended by who owns them, not by a key")


@blueprint.get("")
@document_response(Page[ShownKey])
async def own() -> Response:
    """One's own keys, without their secrets."""
    return items([_shown(key) for key in await services().durable.keys_of(_owner(principal()))])


@blueprint.post("")
@validate_request(NewApiKey)
@document_response(MadeKey, 201)
@document_errors(409)
async def make(data: NewApiKey) -> Response:
    """A new key: this is the only time that it is shown."""
    who, made = principal(), new_key()
    _check(data, who)
    key = ApiKey(
        id=made.id,
        user=_owner(who),
        name=data.name,
        scopes=tuple(sorted(set(data.scopes))),
        requests_per_minute=data.requests_per_minute,
        expires_at=data.expires_at,
        created_at=datetime.now(UTC),
    )
    if not await services().durable.add_key(key, made.digest):
        raise ApiError(409, f"one owner has at most {KEYS} keys; end one first", code="too_many_keys")
    await audit("api_key_made", key.id, outcome="done")
    return answer(MadeKey(**msgspec.structs.asdict(_shown(key)), key=made.text), 201)


@blueprint.delete("/<identity>")
@document_response(EndedKey)
async def end(identity: str) -> Response:
    """Ends one of one's own keys, in all processes within a second."""
    if not is_key_id(identity) or not await services().accounts.end_key(identity, _owner(principal())):
        raise ApiError(404, "you have no such key")
    await audit("api_key_ended", identity, outcome="done")
    return answer(EndedKey(identity, is_active=False))


def _check(wish: NewApiKey, who: Principal) -> None:
    unknown = set(wish.scopes) - SCOPES
    if unknown or not wish.scopes:
        raise ApiError(400, f"scopes are some of {', '.join(sorted(SCOPES))}")
    if ADMIN in wish.scopes and not who.is_admin:
        raise ApiError(403, f"the scope {ADMIN!r} is for administrators")
    if wish.expires_at is not None and (wish.expires_at.tzinfo is None or wish.expires_at <= datetime.now(UTC)):
        raise ApiError(400, "expires_at is a time to come, with its offset, as 2027-01-31T00:00:00Z")


def _owner(who: Principal) -> str | None:
    return who.subject if who.kind == "user" else None


def _shown(key: ApiKey) -> ShownKey:
    return ShownKey(
        id=key.id,
        name=key.name,
        scopes=list(key.scopes),
        requests_per_minute=key.requests_per_minute,
        expires_at=key.expires_at,
        created_at=key.created_at,
    )
