"""The mappings of a provider: by which segment and id it knows an instrument, and on which days."""

from datetime import date
from typing import Annotated

from msgspec import Meta
from quart import Blueprint, Response

from engine.storage.durable.entities import MappingDraft, MappingEntity, MappingFilter, Mappings
from web.answers import answer
from web.openapi import Body, Page, document_errors, document_response, validate_querystring, validate_request
from web.page_tokens import decode_page
from web.revalidation import revalidate
from web.routes.guards import require_keeper
from web.routes.keeping import ONE, DeletionQuery, Id, ListQuery, added, changed, deleted, found, legible, listed, wrong
from web.services import services

PREFIX = "/provider/<int:provider_id>/mappings"

blueprint = Blueprint("mappings", __name__, url_prefix=PREFIX)
blueprint.before_request(require_keeper)
revalidate(blueprint)

Segment = Annotated[str, Meta(pattern="^[A-Z][A-Z0-9_.]*$", max_length=40)]
ProviderSymbol = Annotated[str, Meta(pattern=r"^[^:\s]+$", max_length=100)]


class MappingsQuery(ListQuery, frozen=True, kw_only=True):
    """Which mappings."""

    instrument_id: Id | None = None
    segment: Annotated[str, Meta(max_length=40)] = ""
    provider_symbol: Annotated[str, Meta(max_length=100)] = ""
    day: date | None = None
    """Those that hold on it."""

    @property
    def wanted(self) -> MappingFilter:
        legible(self)
        return MappingFilter(
            instrument_id=self.instrument_id,
            segment=self.segment or None,
            provider_symbol=self.provider_symbol or None,
            day=self.day,
            include_inactive=self.include_inactive,
        )


class MappingBody(Body, frozen=True, kw_only=True):
    """A mapping as it is to be: from ``valid_from`` to before ``valid_to``, or until something else is known."""

    instrument_id: Id
    segment: Segment
    provider_symbol: ProviderSymbol
    valid_from: date
    valid_to: date | None = None
    is_active: bool = True

    @property
    def draft(self) -> MappingDraft:
        legible(self)
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise wrong("valid_to", "not after valid_from: the mapping would hold on no day")
        return MappingDraft(**{name: getattr(self, name) for name in self.__struct_fields__})


@blueprint.get("")
@validate_querystring(MappingsQuery)
@document_response(Page[MappingEntity])
async def mappings(provider_id: int, query_args: MappingsQuery) -> Response:
    """A provider's mappings, by segment and its own symbol."""
    after = decode_page("mappings", query_args.page_token, (str, str, int))
    await _provider(provider_id)
    return listed("mappings", await _table().page(provider_id, query_args.limit, after, query_args.wanted))


@blueprint.post("")
@validate_request(MappingBody)
@document_response(MappingEntity, 201)
@document_errors(409)
async def add(provider_id: int, data: MappingBody) -> Response:
    """Adds one; on a day a token means one instrument, and an instrument has one token."""
    await _provider(provider_id)
    name = f"{provider_id}/{data.segment}:{data.provider_symbol}"
    return await added("mapping", name, _table().add(provider_id, data.draft))


@blueprint.get(ONE)
@document_response(MappingEntity)
async def mapping(provider_id: int, identity: int) -> Response:
    """One of them."""
    return answer(await found("mapping", _of(provider_id, identity)))


@blueprint.put(ONE)
@validate_request(MappingBody)
@document_response(MappingEntity)
@document_errors(409)
async def change(provider_id: int, identity: int, data: MappingBody) -> Response:
    """Rewrites one as a whole."""
    await found("mapping", _of(provider_id, identity))
    name = f"{provider_id}/{identity} {data.segment}:{data.provider_symbol}"
    return await changed("mapping", name, _table().change(provider_id, identity, data.draft))


@blueprint.delete(ONE)
@validate_querystring(DeletionQuery)
@document_response(MappingEntity)
async def delete(provider_id: int, identity: int, query_args: DeletionQuery) -> Response:
    """Sets one inactive: the provider's lists do not bring it back. With ``hard=true`` it is gone, and they do."""
    row = await found("mapping", _of(provider_id, identity))
    name = f"{provider_id}/{row.segment}:{row.provider_symbol} {row.instrument}"
    return await deleted("mapping", _table(), row, name, hard=query_args.hard)


async def _of(provider_id: int, identity: int) -> MappingEntity | None:
    row = await _table().one(identity)
    return row if row is not None and row.provider_id == provider_id else None


async def _provider(provider_id: int) -> None:
    await found("provider", services().durable.entities.providers.one(provider_id))


def _table() -> Mappings:
    return services().durable.entities.mappings
