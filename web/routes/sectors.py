"""The sectors that shares are sorted by; administrators look after them."""

from quart import Blueprint, Response

from engine.storage.durable.entities import SectorDraft, SectorEntity, Sectors
from web.answers import answer
from web.openapi import Body, Page, document_errors, document_response, validate_querystring, validate_request
from web.page_tokens import decode_page
from web.revalidation import revalidate
from web.routes.guards import require_keeper
from web.routes.keeping import ONE, DeletionQuery, ListQuery, Name, added, changed, deleted, found, legible, listed
from web.services import services

blueprint = Blueprint("sectors", __name__, url_prefix="/sectors")
blueprint.before_request(require_keeper)
revalidate(blueprint)


class SectorBody(Body, frozen=True, kw_only=True):
    """A sector as it is to be."""

    name: Name
    is_active: bool = True

    @property
    def draft(self) -> SectorDraft:
        legible(self)
        return SectorDraft(self.name, self.is_active)


@blueprint.get("/")
@validate_querystring(ListQuery)
@document_response(Page[SectorEntity])
async def sectors(query_args: ListQuery) -> Response:
    """The sectors, by name."""
    after = decode_page("sectors", query_args.page_token, (str,))
    page = await _table().page(query_args.limit, after, include_inactive=query_args.include_inactive)
    return listed("sectors", page)


@blueprint.post("/")
@validate_request(SectorBody)
@document_response(SectorEntity, 201)
@document_errors(409)
async def add(data: SectorBody) -> Response:
    """Adds one."""
    return await added("sector", data.name, _table().add(data.draft))


@blueprint.get(ONE)
@document_response(SectorEntity)
async def sector(identity: int) -> Response:
    """One of them."""
    return answer(await found("sector", _table().one(identity)))


@blueprint.put(ONE)
@validate_request(SectorBody)
@document_response(SectorEntity)
@document_errors(409)
async def change(identity: int, data: SectorBody) -> Response:
    """Rewrites one as a whole."""
    return await changed("sector", f"sector/{identity}", _table().change(identity, data.draft))


@blueprint.delete(ONE)
@validate_querystring(DeletionQuery)
@document_response(SectorEntity)
@document_errors(409)
async def delete(identity: int, query_args: DeletionQuery) -> Response:
    """Sets one inactive; with ``hard=true`` it is gone, unless an instrument is of it."""
    row = await found("sector", _table().one(identity))
    return await deleted("sector", _table(), row, row.name, hard=query_args.hard)


def _table() -> Sectors:
    return services().durable.entities.sectors
