"""The quarantine as operators see it: what was not believed, with its evidence, and their word on it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from quart import Blueprint, Response

from engine.market.quarantine import Fate, Quarantined
from engine.storage.durable.quarantine import NEWEST
from engine.storage.errors import StorageUnavailableError
from web.answers import answer, data_kind, items
from web.errors import ApiError
from web.openapi import Page, Query, document_errors, document_response, validate_querystring
from web.revalidation import revalidate
from web.routes.commands import ENGINE, ask, audit
from web.routes.guards import principal, require_admin
from web.routes.market_data import resolve
from web.services import services

blueprint = Blueprint("quarantine", __name__, url_prefix="/api/v1/quarantine")
blueprint.before_request(require_admin)
revalidate(blueprint)

FATES: Final = {"release": Fate.RELEASED, "discard": Fate.DISCARDED}


class EntriesQuery(Query, frozen=True, kw_only=True):
    """Which entries of the quarantine."""

    status: Literal["", "held", "released", "discarded"] = ""
    symbol: str = ""
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100
    page_token: Annotated[int, Meta(ge=1, le=NEWEST)] = NEWEST


class Entry(msgspec.Struct, frozen=True):
    """A price or bar that was not believed, and what became of it. Of ticks with the same time and price there is one."""

    id: int
    instrument: str
    kind: Literal["tick", "bar"]
    timestamp: str | None
    """A tick's own time, or a bar's opening."""
    price: float
    reason: str
    evidence: Mapping[str, Any]
    status: Fate
    decided_by: str
    decided_at: str | None
    noted_at: str | None

    @classmethod
    def of(cls, one: Quarantined) -> "Entry":
        """With its times as the other answers write them."""
        return cls(
            one.id,
            one.instrument,
            one.kind,
            _moment(one.ts_ns),
            one.price,
            one.reason,
            one.evidence,
            one.status,
            one.decided_by,
            _moment(one.decided_ns),
            _moment(one.noted_ns),
        )


class Entries(Page[Entry], frozen=True, kw_only=True):
    """Entries, the newest first."""

    data: str


@blueprint.get("/")
@validate_querystring(EntriesQuery)
@document_response(Entries)
@document_errors(404)
async def entries(query_args: EntriesQuery) -> Response:
    """What was not believed, newest first."""
    instrument = resolve(services(), query_args.symbol) if query_args.symbol else None
    status = Fate(query_args.status) if query_args.status else None
    try:
        found = await services().durable.quarantined(
            status=status, instrument=instrument, limit=query_args.limit, before_id=query_args.page_token
        )
    except StorageUnavailableError as error:
        raise ApiError(503, "the quarantine can not be read now", retry_after_s=5) from error
    token = str(found[-1].id) if len(found) == query_args.limit else None
    return items([Entry.of(one) for one in found], token, data=data_kind())


@blueprint.post("/<int:identity>/<any(release, discard):word>")
@document_response(Entry)
@document_errors(409, 504)
async def decide(identity: int, word: str) -> Response:
    """Takes a price into its candles, or out of them; a repeat changes nothing."""
    await audit(word, f"quarantine/{identity}")
    told = await ask(ENGINE, "decide", entry=identity, status=FATES[word].value, by=principal().subject)
    if "error" in told:
        raise ApiError(int(told["code"]), str(told["error"]))
    return answer(Entry.of(msgspec.convert(told, Quarantined)))


def _moment(time_ns: int) -> str | None:
    if not time_ns:
        return None
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
