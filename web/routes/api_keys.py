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
from web.routes.bodies import Line, read_body
from web.routes.commands import audit
from web.routes.guards import principal, require_somebody
from web.services import services

blueprint = Blueprint("api_keys", __name__, url_prefix="/auth/api-keys")

REQUESTS_PER_MINUTE = 600
MOST_REQUESTS_PER_MINUTE = 60_000


class NewApiKey(msgspec.Struct, forbid_unknown_fields=True):
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
async def own() -> Response:
    """One's own keys, without their secrets."""
    return items([_shown(key) for key in await services().durable.keys_of(_owner(principal()))])


@blueprint.post("")
async def make() -> Response:
    """A new key: this is the only time that it is shown."""
    who, wish, made = principal(), await read_body(NewApiKey), new_key()
    _check(wish, who)
    key = ApiKey(
        id=made.id,
        user=_owner(who),
        name=wish.name,
        scopes=tuple(sorted(set(wish.scopes))),
        requests_per_minute=wish.requests_per_minute,
        expires_at=wish.expires_at,
        created_at=datetime.now(UTC),
    )
    if not await services().durable.add_key(key, made.digest):
        raise ApiError(409, f"one owner has at most {KEYS} keys; end one first", code="too_many_keys")
    await audit("api_key_made", key.id, outcome="done")
    return answer({**_shown(key), "key": made.text}, 201)


@blueprint.delete("/<identity>")
async def end(identity: str) -> Response:
    """Ends one of one's own keys, in all processes within a second."""
    if not is_key_id(identity) or not await services().accounts.end_key(identity, _owner(principal())):
        raise ApiError(404, "you have no such key")
    await audit("api_key_ended", identity, outcome="done")
    return answer({"id": identity, "is_active": False})


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


def _shown(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "requests_per_minute": key.requests_per_minute,
        "expires_at": _moment(key.expires_at),
        "created_at": _moment(key.created_at),
    }


def _moment(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
