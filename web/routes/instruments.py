"""The instruments: what can be traded or watched, found by what it is and what it is called; administrators look after them."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from quart import Blueprint, Response

from engine.market import InstrumentKind
from engine.market.errors import SymbolError
from engine.market.instrument import OptionType
from engine.market.symbols import Symbol, parse_symbol
from engine.storage.durable.entities import InstrumentDraft, InstrumentEntity, InstrumentFilter, Instruments
from web.answers import answer
from web.errors import ApiError
from web.openapi import Body, Page, document_errors, document_response, validate_querystring, validate_request
from web.page_tokens import decode_page
from web.revalidation import revalidate
from web.routes.guards import require_keeper
from web.routes.keeping import ONE, DeletionQuery, Id, ListQuery, added, changed, deleted, found, legible, listed, wrong
from web.services import services

blueprint = Blueprint("instruments", __name__, url_prefix="/instruments")
blueprint.before_request(require_keeper)
revalidate(blueprint)

SAID_BY_THE_SYMBOL = ("expiry", "strike", "option_type", "underlying")


class InstrumentsQuery(ListQuery, frozen=True, kw_only=True):
    """Which instruments."""

    exchange_id: Id | None = None
    kind: Literal["", "equity", "index", "future", "option"] = ""
    sector_id: Id | None = None
    underlying: Annotated[str, Meta(max_length=100)] = ""
    """As NIFTY or NSE:NIFTY."""
    expiry: date | None = None
    q: Annotated[str, Meta(max_length=100)] = ""
    """A part of the symbol or of the name; symbols that begin with it come first."""

    @property
    def wanted(self) -> InstrumentFilter:
        legible(self)
        return InstrumentFilter(
            exchange_id=self.exchange_id,
            kind=InstrumentKind(self.kind) if self.kind else None,
            sector_id=self.sector_id,
            underlying=self.underlying.upper().rpartition(":")[2] or None,
            expiry=self.expiry,
            q=self.q.upper() or None,
            include_inactive=self.include_inactive,
        )


class InstrumentBody(Body, frozen=True, kw_only=True):
    """An instrument as it is to be. What the symbol of a derivative says may be left out."""

    exchange_id: Id
    symbol: Annotated[str, Meta(min_length=1, max_length=60)]
    kind: Literal["equity", "index", "future", "option"]
    tick_size: Annotated[float, Meta(gt=0, le=1e6)]
    name: Annotated[str, Meta(max_length=200)] = ""
    sector_id: Id | None = None
    lot_size: Annotated[int, Meta(ge=1, le=10**9)] = 1
    expiry: date | None = None
    strike: Annotated[float, Meta(gt=0, le=1e9)] | None = None
    option_type: Literal["CE", "PE"] | None = None
    underlying: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    is_active: bool = True
    keep_ticks: Annotated[
        bool | None,
        Meta(
            description="Whether all its ticks are kept, for `/api/v1/ticks`. Left out, it stays as it is; at first false."
        ),
    ] = None

    def draft(self, exchange: str, *, keeps_ticks: bool) -> InstrumentDraft:
        """With all that the symbol says; refused where it says something else."""
        legible(self)
        symbol = _symbol(f"{exchange}:{self.symbol}")
        _agree(self, symbol)
        said = {name: getattr(symbol, name) for name in SAID_BY_THE_SYMBOL}
        option_type = said.pop("option_type")
        return InstrumentDraft(
            exchange_id=self.exchange_id,
            symbol=symbol.name,
            kind=InstrumentKind(self.kind),
            tick_size=self.tick_size,
            name=self.name or symbol.name,
            sector_id=self.sector_id,
            lot_size=self.lot_size,
            option_type=option_type and OptionType(option_type),
            is_active=self.is_active,
            keep_ticks=keeps_ticks if self.keep_ticks is None else self.keep_ticks,
            **said,
        )


class TicksBody(Body, frozen=True, kw_only=True):
    """Whether all its ticks are kept, for `/api/v1/ticks`."""

    keep_ticks: bool


@blueprint.get("/")
@validate_querystring(InstrumentsQuery)
@document_response(Page[InstrumentEntity])
async def instruments(query_args: InstrumentsQuery) -> Response:
    """The instruments, by exchange and symbol; while one is looked for, symbols that begin so come first."""
    after = decode_page("instruments", query_args.page_token, (int, str, str))
    return listed("instruments", await _table().page(query_args.limit, after, query_args.wanted))


@blueprint.post("/")
@validate_request(InstrumentBody)
@document_response(InstrumentEntity, 201)
@document_errors(409)
async def add(data: InstrumentBody) -> Response:
    """Adds one. Clients find it within a minute; it is followed once a mapping says how a provider calls it."""
    draft = await _draft(data)
    return await added("instrument", draft.symbol, _table().add(draft))


@blueprint.get(ONE)
@document_response(InstrumentEntity)
async def instrument(identity: int) -> Response:
    """One of them."""
    return answer(await found("instrument", _table().one(identity)))


@blueprint.put(ONE)
@validate_request(InstrumentBody)
@document_response(InstrumentEntity)
@document_errors(409)
async def change(identity: int, data: InstrumentBody) -> Response:
    """Rewrites one as a whole, but for its exchange and symbol: its history and all clients know it by them.

    Whether its ticks are kept changes only where that is said: clients that do not know of it shall not end it.
    """
    row = await found("instrument", _table().one(identity))
    draft = await _draft(data, keeps_ticks=row.keep_ticks)
    if (draft.exchange_id, draft.symbol) != (row.exchange_id, row.symbol):
        raise ApiError(409, f"symbol: the instrument stays {row.instrument}, its history is known by that")
    return await changed("instrument", row.instrument, _table().change(identity, draft))


@blueprint.patch(ONE)
@validate_request(TicksBody)
@document_response(InstrumentEntity)
async def keep_ticks(identity: int, data: TicksBody) -> Response:
    """Says whether an instrument's ticks are kept, and nothing else; the engine follows within seconds."""
    row = await found("instrument", _table().one(identity))
    draft = msgspec.structs.replace(row, keep_ticks=data.keep_ticks)
    return await changed("instrument", row.instrument, _table().change(identity, draft))


@blueprint.delete(ONE)
@validate_querystring(DeletionQuery)
@document_response(InstrumentEntity)
@document_errors(409)
async def delete(identity: int, query_args: DeletionQuery) -> Response:
    """Sets one inactive, its history stays; with ``hard=true`` it is gone, unless it has a history or a mapping."""
    row = await found("instrument", _table().one(identity))
    return await deleted("instrument", _table(), row, row.instrument, hard=query_args.hard)


async def _draft(data: InstrumentBody, *, keeps_ticks: bool = False) -> InstrumentDraft:
    exchange = await services().durable.entities.exchanges.one(data.exchange_id)
    if exchange is None:
        raise wrong("exchange_id", "names nothing that is there")
    return data.draft(exchange.code, keeps_ticks=keeps_ticks)


def _symbol(text: str) -> Symbol:
    try:
        return parse_symbol(text)
    except SymbolError as error:
        raise wrong("symbol", str(error)) from error


def _agree(body: InstrumentBody, symbol: Symbol) -> None:
    """Whoever reads a symbol takes what it says for true, so the columns say the same."""
    if body.kind != (symbol.kind or body.kind):
        raise wrong(
            "kind", f"the symbol {symbol.name} is that of {'an' if symbol.kind == 'option' else 'a'} {symbol.kind}"
        )
    if symbol.kind is None and body.kind in (InstrumentKind.FUTURE, InstrumentKind.OPTION):
        raise wrong("symbol", "derivatives are written NIFTY26NOV26FUT or NIFTY26NOV2624500CE, with their full expiry")
    for name in SAID_BY_THE_SYMBOL:
        given, said = getattr(body, name), getattr(symbol, name)
        if given is not None and given != said:
            raise wrong(name, f"the symbol says {'nothing of it' if said is None else said}")


def _table() -> Instruments:
    return services().durable.entities.instruments
