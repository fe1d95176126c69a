"""The providers that prices come from; administrators look after them."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta
from quart import Blueprint, Response

from engine.storage.durable.entities import ProviderDraft, ProviderEntity, Providers
from web.answers import answer
from web.errors import ApiError
from web.openapi import Body, Page, document_errors, document_response, validate_querystring, validate_request
from web.page_tokens import decode_page
from web.revalidation import revalidate
from web.routes.guards import require_keeper
from web.routes.keeping import ONE, DeletionQuery, ListQuery, added, changed, deleted, found, legible, listed, wrong
from web.services import services

blueprint = Blueprint("providers", __name__, url_prefix="/provider")
blueprint.before_request(require_keeper)
revalidate(blueprint)

Limits = Annotated[
    Mapping[Annotated[str, Meta(max_length=60)], Annotated[float, Meta(ge=0, le=1e12)]], Meta(max_length=50)
]


class ProviderBody(Body, frozen=True, kw_only=True):
    """A provider as it is to be."""

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]*$", max_length=40)]
    rate_limits: Limits = msgspec.field(default_factory=dict[str, float])
    is_active: bool = True

    @property
    def draft(self) -> ProviderDraft:
        legible(self)
        if not all(map(str.isprintable, self.rate_limits)):
            raise wrong("rate_limits", "only characters that can be seen, and plain blanks")
        return ProviderDraft(self.name, self.rate_limits, self.is_active)


@blueprint.get("/")
@validate_querystring(ListQuery)
@document_response(Page[ProviderEntity])
async def providers(query_args: ListQuery) -> Response:
    """The providers, by name."""
    after = decode_page("providers", query_args.page_token, (str,))
    page = await _table().page(query_args.limit, after, include_inactive=query_args.include_inactive)
    return listed("providers", page)


@blueprint.post("/")
@validate_request(ProviderBody)
@document_response(ProviderEntity, 201)
@document_errors(409)
async def add(data: ProviderBody) -> Response:
    """Adds one. Which of them run, the setting TICKTREE_PROVIDERS says."""
    return await added("provider", data.name, _table().add(data.draft))


@blueprint.get(ONE)
@document_response(ProviderEntity)
async def provider(identity: int) -> Response:
    """One of them."""
    return answer(await found("provider", _table().one(identity)))


@blueprint.put(ONE)
@validate_request(ProviderBody)
@document_response(ProviderEntity)
@document_errors(409)
async def change(identity: int, data: ProviderBody) -> Response:
    """Rewrites one as a whole, but for its name: settings and candles know it by that."""
    draft, row = data.draft, await found("provider", _table().one(identity))
    if draft.name != row.name:
        raise ApiError(409, f"name: the provider keeps {row.name}, settings and candles know it by that")
    return await changed("provider", row.name, _table().change(identity, draft))


@blueprint.delete(ONE)
@validate_querystring(DeletionQuery)
@document_response(ProviderEntity)
@document_errors(409)
async def delete(identity: int, query_args: DeletionQuery) -> Response:
    """Sets one inactive; with ``hard=true`` it is gone, unless a mapping is of it."""
    row = await found("provider", _table().one(identity))
    return await deleted("provider", _table(), row, row.name, hard=query_args.hard)


def _table() -> Providers:
    return services().durable.entities.providers
