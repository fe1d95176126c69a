"""The conflicts of a provider: what its lists say otherwise than the tables, until somebody has looked at it."""

from quart import Blueprint, Response

from engine.storage.durable.entities import ConflictEntity, Conflicts
from web.answers import answer
from web.openapi import Page, document_response, validate_querystring
from web.page_tokens import decode_page
from web.revalidation import revalidate
from web.routes.guards import require_keeper
from web.routes.keeping import ONE, DeletionQuery, ListQuery, deleted, found, listed
from web.services import services

blueprint = Blueprint("conflicts", __name__, url_prefix="/provider/<int:provider_id>/conflicts")
blueprint.before_request(require_keeper)
revalidate(blueprint)


@blueprint.get("")
@validate_querystring(ListQuery)
@document_response(Page[ConflictEntity])
async def conflicts(provider_id: int, query_args: ListQuery) -> Response:
    """The newest first. Each is settled by editing mappings, or by leaving them as they are, and then deleted here."""
    after = decode_page("conflicts", query_args.page_token, (int,))
    await found("provider", services().durable.entities.providers.one(provider_id))
    inactive = query_args.include_inactive
    return listed("conflicts", await _table().page(provider_id, query_args.limit, after, include_inactive=inactive))


@blueprint.get(ONE)
@document_response(ConflictEntity)
async def conflict(provider_id: int, identity: int) -> Response:
    """One of them."""
    return answer(await found("conflict", _of(provider_id, identity)))


@blueprint.delete(ONE)
@validate_querystring(DeletionQuery)
@document_response(ConflictEntity)
async def delete(provider_id: int, identity: int, query_args: DeletionQuery) -> Response:
    """Settles one: it stays so until a list says something else. With ``hard=true`` it is forgotten."""
    row = await found("conflict", _of(provider_id, identity))
    name = f"{provider_id}/{row.kind} {row.segment}:{row.provider_symbol} {row.instrument}"
    return await deleted("conflict", _table(), row, name, hard=query_args.hard)


async def _of(provider_id: int, identity: int) -> ConflictEntity | None:
    row = await _table().one(identity)
    return row if row is not None and row.provider_id == provider_id else None


def _table() -> Conflicts:
    return services().durable.entities.conflicts
