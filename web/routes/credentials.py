"""A provider's credentials: entered and forgotten by administrators, and shown to nobody."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from quart import Blueprint, Response

from engine.credentials import EntryError, Listed, NoKeyError, entered
from engine.credentials.entered import PARTS, WITH_TOTP, WITHOUT_IDENTITY
from engine.storage.durable.credentials import Kind
from web.answers import answer
from web.errors import ApiError
from web.openapi import Body, Page, document_errors, document_response, validate_request
from web.revalidation import revalidate
from web.routes.commands import ENGINE, ask, audit, tell_engine
from web.routes.guards import require_admin
from web.routes.keeping import ONE, found, wrong
from web.services import services

PREFIX = "/provider/<int:provider_id>/credentials"
SOURCE: Final = "admin"

blueprint = Blueprint("credentials", __name__, url_prefix=PREFIX)
blueprint.before_request(require_admin)
revalidate(blueprint)

Text = Annotated[str, Meta(max_length=8_192)]
Moment = Annotated[datetime, Meta(tz=True)]


class CredentialBody(Body, frozen=True, kw_only=True):
    """A credential as it is entered: a token, or what tokens are made of (the seed of one-time codes, and a PIN)."""

    kind: Kind = "token"
    identity: Annotated[str, Meta(max_length=200)] = ""
    """The client id or API key."""
    token: Text = ""
    seed: Text = ""
    pin: Text = ""
    more: Annotated[
        Mapping[Annotated[str, Meta(pattern="^[a-z][a-z0-9_]*$", max_length=40)], Text], Meta(max_length=6)
    ] = msgspec.field(default_factory=dict[str, str])
    """What else the vendor wants, by its name."""
    expires_at: Moment | None = None
    """When it ends, where the token itself does not say."""

    @property
    def parts(self) -> dict[str, str]:
        given = {name: getattr(self, name) for name in PARTS[self.kind]}
        return {**self.more, **{name: value for name, value in given.items() if value}}

    def __repr__(self) -> str:
        return f"CredentialBody({self.kind})"


class InForce(msgspec.Struct, frozen=True):
    """What the running engine uses."""

    identity: str
    source: str
    """``environment``, ``admin``, ``command``, ``file`` or ``totp``."""
    expires_at: int | None
    """In ms, UTC."""
    seconds_left: int | None
    has_ended: bool


class CredentialPage(Page[Listed], frozen=True, kw_only=True):
    """What is kept of a provider, without secrets."""

    in_force: InForce | None
    """``null``: there is none, or no engine to ask."""
    can_keep: bool
    """Whether there is a key to seal credentials with."""
    needs_identity: bool
    kinds: list[Kind]


@blueprint.get("")
@document_response(CredentialPage)
async def credentials(provider_id: int) -> Response:
    """What is kept: by whom each was entered, a fingerprint that tells whether two are the same, and when each ends."""
    name = await _provider(provider_id)
    kept = [row for row in await services().vault.listed() if row.provider == name]
    kinds: list[Kind] = ["token", "totp"] if name in WITH_TOTP else ["token"]
    page = CredentialPage(
        kept,
        in_force=await _in_force(name),
        can_keep=services().vault.can_keep,
        needs_identity=name not in WITHOUT_IDENTITY,
        kinds=kinds,
    )
    return answer(page)


@blueprint.post("")
@validate_request(CredentialBody)
@document_response(Listed, 201)
@document_errors(409)
async def enter(provider_id: int, data: CredentialBody) -> Response:
    """Takes the place of the one of its kind; the engine goes over to it at once, without losing a tick."""
    name = await _provider(provider_id)
    expires_ns = None if data.expires_at is None else round(data.expires_at.timestamp() * 1_000_000) * 1_000
    try:
        credential = entered(
            name,
            data.identity,
            data.parts,
            source=SOURCE,
            kind=data.kind,
            expires_ns=expires_ns,
            at_ns=time.time_ns(),
        )
    except EntryError as error:
        await audit("credential_entered", f"{name}/{data.kind}", outcome="refused")
        field, _, why = str(error).partition(": ")
        raise wrong(field, why) from None
    try:
        kept = await services().vault.keep(credential)
    except NoKeyError as error:
        raise ApiError(409, str(error)) from error
    await audit("credential_entered", f"{name}/{data.kind} {kept.fingerprint}", outcome="done")
    await tell_engine("credentials_changed")
    return answer(kept, 201)


@blueprint.delete(ONE)
@document_response(Listed)
async def forget(provider_id: int, identity: int) -> Response:
    """Forgets one for good; of its secret nothing is left."""
    name = await _provider(provider_id)
    is_its = any(row.id == identity and row.provider == name for row in await services().vault.listed())
    row = await services().vault.forget(identity) if is_its else None
    if row is None:
        raise ApiError(404, "there is no such credential")
    await audit("credential_forgotten", f"{name}/{row.kind} {row.fingerprint}", outcome="done")
    await tell_engine("credentials_changed")
    return answer(row)


async def _provider(provider_id: int) -> str:
    return (await found("provider", services().durable.entities.providers.one(provider_id))).name


async def _in_force(name: str) -> InForce | None:
    try:
        told: dict[str, Any] = await ask(ENGINE, "credentials")
        return msgspec.convert(told[name], InForce) if name in told else None
    except (ApiError, msgspec.ValidationError):
        return None
