"""The exchanges: places of trade, their time zone and hours; administrators look after them."""

from datetime import time
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from msgspec import Meta
from quart import Blueprint, Response

from engine.storage.durable.entities import ExchangeDraft, ExchangeEntity, Exchanges
from web.answers import answer
from web.errors import ApiError
from web.openapi import Body, Page, document_errors, document_response, validate_querystring, validate_request
from web.page_tokens import decode_page
from web.revalidation import revalidate
from web.routes.guards import require_keeper
from web.routes.keeping import (
    ONE,
    DeletionQuery,
    ListQuery,
    Name,
    added,
    changed,
    deleted,
    found,
    legible,
    listed,
    wrong,
)
from web.services import services

blueprint = Blueprint("exchanges", __name__, url_prefix="/exchange")
blueprint.before_request(require_keeper)
revalidate(blueprint)


class ExchangeBody(Body, frozen=True, kw_only=True):
    """An exchange as it is to be: open around the clock, or with both its hours, in its own time zone."""

    code: Annotated[str, Meta(pattern="^[A-Z][A-Z0-9]*$", max_length=20)]
    name: Name
    timezone: Annotated[str, Meta(max_length=60)]
    country: Annotated[str, Meta(pattern="^([A-Z][A-Z])?$")] = ""
    currency: Annotated[str, Meta(pattern="^([A-Z][A-Z][A-Z])?$")] = ""
    market_open_time: time | None = None
    market_close_time: time | None = None
    is_24_hours: bool = False
    is_active: bool = True

    @property
    def draft(self) -> ExchangeDraft:
        """Refused where its hours can not be meant."""
        legible(self)
        if self.timezone not in _zones():
            raise wrong("timezone", "a name of the time zone database, as in Asia/Kolkata")
        hours = self.market_open_time, self.market_close_time
        for field, hour in zip(("market_open_time", "market_close_time"), hours, strict=True):
            if hour is None and not self.is_24_hours:
                raise wrong(field, "missing, and is_24_hours is not true")
            if hour is not None and (hour.tzinfo or hour.second or hour.microsecond):
                raise wrong(field, "a minute of the exchange's own day, as in 09:15:00")
        if hours[0] is not None and hours[0] == hours[1]:
            raise wrong("market_close_time", "the same as market_open_time; is_24_hours says around the clock")
        return ExchangeDraft(**{name: getattr(self, name) for name in self.__struct_fields__})


@blueprint.get("/")
@validate_querystring(ListQuery)
@document_response(Page[ExchangeEntity])
async def exchanges(query_args: ListQuery) -> Response:
    """The exchanges, by code."""
    after = decode_page("exchanges", query_args.page_token, (str,))
    page = await _table().page(query_args.limit, after, include_inactive=query_args.include_inactive)
    return listed("exchanges", page)


@blueprint.post("/")
@validate_request(ExchangeBody)
@document_response(ExchangeEntity, 201)
@document_errors(409)
async def add(data: ExchangeBody) -> Response:
    """Adds one. Without a calendar of its own it is open from Monday to Friday, and no minute of it is called missing."""
    return await added("exchange", data.code, _table().add(data.draft))


@blueprint.get(ONE)
@document_response(ExchangeEntity)
async def exchange(identity: int) -> Response:
    """One of them."""
    return answer(await found("exchange", _table().one(identity)))


@blueprint.put(ONE)
@validate_request(ExchangeBody)
@document_response(ExchangeEntity)
@document_errors(409)
async def change(identity: int, data: ExchangeBody) -> Response:
    """Rewrites one as a whole, but for its code: its instruments are known by it."""
    draft, row = data.draft, await found("exchange", _table().one(identity))
    if draft.code != row.code:
        raise ApiError(409, f"code: the exchange keeps {row.code}, its instruments are known by it")
    return await changed("exchange", row.code, _table().change(identity, draft))


@blueprint.delete(ONE)
@validate_querystring(DeletionQuery)
@document_response(ExchangeEntity)
@document_errors(409)
async def delete(identity: int, query_args: DeletionQuery) -> Response:
    """Sets one inactive, with all it lists; with ``hard=true`` it is gone, unless it lists anything."""
    row = await found("exchange", _table().one(identity))
    return await deleted("exchange", _table(), row, row.code, hard=query_args.hard)


def _table() -> Exchanges:
    return services().durable.entities.exchanges


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
