"""UDF: TradingView's charting library at ``/udf``. Errors say ``s`` and ``errmsg`` as it wants, beside what all errors here say."""

import asyncio
from typing import Any, Final

import msgspec
from quart import Blueprint, Response, request

from engine.market.calendar import Calendar
from engine.market.errors import SymbolError
from engine.market.portions import portion
from web.answers import answer
from web.errors import ApiError
from web.models.udf import Config, MarkColumns, Quotes, TimescaleMark
from web.openapi import document_errors, document_media, document_response, opened_by_public_feed, validate_querystring
from web.origins import is_ours
from web.routes.guards import KEY_HEADER, require_reader
from web.routes.market_data import resolve
from web.services import Services, services
from web.udf import (
    KINDS,
    RESOLUTIONS,
    TYPES,
    BarSource,
    Mark,
    SymbolFound,
    SymbolInfo,
    Table,
    Window,
    columns,
    found_of,
    info_of,
    marks_of,
    quote_of,
    table_of,
    timeframe_of_resolution,
    timescale,
)

blueprint = Blueprint("udf", __name__, url_prefix="/udf")

MOST_FOUND: Final = 100
MOST_QUOTES: Final = 100
MARKED_BUCKETS: Final = 2_000
"""Marks are told of so many buckets before the end that is asked for."""
PREFLIGHT_S: Final = 3_600
_LATEST_S: Final = 9_000_000_000
_SECOND_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the library asks; of what else it sends, and what later versions will, nothing is wanted."""


class SymbolQuery(_Asked, frozen=True, kw_only=True):
    symbol: str


class SearchQuery(_Asked, frozen=True, kw_only=True):
    query: str = ""
    type: str = ""
    exchange: str = ""
    limit: int = 30


class RangeQuery(_Asked, frozen=True, kw_only=True, rename={"from_": "from"}):
    """``from`` and ``to`` in unix seconds, the end not included."""

    symbol: str
    resolution: str
    to: int
    from_: int = 0


class HistoryQuery(RangeQuery, frozen=True, kw_only=True):
    countback: int | None = None
    """So many bars before ``to``, whatever ``from`` says."""


class QuotesQuery(_Asked, frozen=True, kw_only=True):
    symbols: str


class NoData(msgspec.Struct, frozen=True, omit_defaults=True):
    """There is no bar in the range; ``nextTime`` is where the last one before it is."""

    s: str
    nextTime: int | None = None  # noqa: N815 - the protocol's name


@blueprint.before_request
@opened_by_public_feed("GET")
async def _admit() -> None:
    """A browser asks without a token whether it may ask with one."""
    if request.method != "OPTIONS":
        await require_reader()


@blueprint.after_request
async def _share(response: Response) -> Response:
    """A chart on a page of an allowed origin may read what we answer."""
    origin = request.headers.get("Origin")
    response.headers.add("Vary", "Origin")
    if origin is not None and is_ours(origin, request.headers.get("Host", ""), services().allowed_origins):
        response.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Headers"] = f"Authorization, {KEY_HEADER}"
            response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_S)
    return response


@blueprint.after_request
async def _as_the_library_reads_it(response: Response) -> Response:
    """Of errors: it looks for ``s``, whatever the status."""
    if response.status_code >= 400:
        body = msgspec.json.decode(await response.get_data(), type=dict[str, Any])
        response.set_data(msgspec.json.encode({"s": "error", "errmsg": body["detail"], **body}))
    return response


@blueprint.get("/config")
@document_response(Config)
async def config() -> Response:
    """What there is to ask for."""
    known = await services().durable.exchanges()
    listed = [{"value": one.code, "name": one.code, "desc": one.name} for one in known]
    return answer(
        {
            "supports_search": True,
            "supports_group_request": False,
            "supports_marks": True,
            "supports_timescale_marks": True,
            "supports_time": True,
            "supported_resolutions": RESOLUTIONS,
            "exchanges": [{"value": "", "name": "All", "desc": "All exchanges"}, *listed],
            "symbols_types": [
                {"value": "", "name": "All"},
                *({"value": word, "name": word.capitalize()} for word in TYPES.values()),
            ],
        }
    )


@blueprint.get("/time")
@document_media("text/plain")
async def server_time() -> Response:
    """Unix seconds, as text."""
    return Response(str(services().system.clock.now_ns() // _SECOND_NS), content_type="text/plain; charset=utf-8")


@blueprint.get("/symbols")
@document_response(SymbolInfo)
@document_errors(404)
@validate_querystring(SymbolQuery)
async def symbols(*, query_args: SymbolQuery) -> Response:
    """What there is to know of a symbol: its exchange's hours and holidays, how its price moves, which bars there are."""
    rules = services()
    name = resolve(rules, query_args.symbol)
    instrument = await rules.durable.instrument(name)
    if instrument is None:
        raise ApiError(404, f"unknown symbol {query_args.symbol[:40]!r}", code="unknown_symbol")
    calendar = rules.directory.calendar(name)
    return answer(info_of(instrument, calendar, calendar.local_date(rules.system.clock.now_ns())))


@blueprint.get("/search")
@document_response(list[SymbolFound])
@validate_querystring(SearchQuery)
async def search(*, query_args: SearchQuery) -> Response:
    """Symbols by a part of their name, the likeliest first; ``type`` and ``exchange`` as ``/udf/config`` names them."""
    if query_args.type not in KINDS:
        return answer([])
    limit = max(1, min(query_args.limit, MOST_FOUND))
    text, exchange = query_args.query.strip().upper(), query_args.exchange.upper()
    if ":" in text:
        exchange, _, text = text.partition(":")
    kind = KINDS[query_args.type]
    found = await services().durable.find_instruments(text, limit, exchange=exchange, kind=kind)
    return answer([found_of(one) for one in found])


@blueprint.get("/history")
@document_response(Table)
@document_errors(404)
@validate_querystring(HistoryQuery)
async def history(*, query_args: HistoryQuery) -> Response:
    """Bars whose time lies in ``[from, to)``, or ``countback`` of them before ``to``; the one that forms is among them."""
    rules, asked = services(), query_args
    instrument, timeframe, window = _meant(rules, asked)
    if asked.countback is not None:
        if asked.countback < 1:
            raise ApiError(400, f"countback is a positive number, was {asked.countback}")
        window = msgspec.structs.replace(window, count=asked.countback)
    source = _source(rules, instrument, timeframe)
    candles = await source.bars(window)
    if candles:
        return answer(table_of(candles, rules.directory.calendar(instrument)))
    return answer(NoData("no_data", await source.before_s(window.to_s if window.count else window.from_s)))


@blueprint.get("/marks")
@document_response(MarkColumns)
@document_errors(404)
@validate_querystring(RangeQuery)
async def marks(*, query_args: RangeQuery) -> Response:
    """Where bars are missing (G) and where they were healed (H): a list for each property of the marks."""
    return answer(columns(await _marks(query_args)))


@blueprint.get("/timescale_marks")
@document_response(list[TimescaleMark])
@document_errors(404)
@validate_querystring(RangeQuery)
async def timescale_marks(*, query_args: RangeQuery) -> Response:
    """The same for the time scale: a list of marks."""
    return answer(timescale(await _marks(query_args)))


@blueprint.get("/quotes")
@document_response(Quotes)
@validate_querystring(QuotesQuery)
async def quotes(*, query_args: QuotesQuery) -> Response:
    """The newest prices of symbols, with commas between them."""
    rules = services()
    written = [symbol.strip() for symbol in query_args.symbols.split(",") if symbol.strip()]
    if not 1 <= len(written) <= MOST_QUOTES:
        raise ApiError(400, f"ask for 1 to {MOST_QUOTES} symbols, was {len(written)}")
    known = {symbol: name for symbol in written if (name := _known(rules, symbol)) is not None}
    found = await rules.hot.quotes(list(set(known.values())))
    return answer({"s": "ok", "d": [_quote(symbol, known.get(symbol), found) for symbol in written]})


def _quote(symbol: str, instrument: str | None, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if instrument is None:
        return {"s": "error", "n": symbol, "v": {}, "errmsg": "unknown symbol"}
    if instrument not in found:
        return {"s": "error", "n": symbol, "v": {}, "errmsg": "no quote today"}
    return quote_of(symbol, instrument, found[instrument])


def _known(rules: Services, symbol: str) -> str | None:
    try:
        return rules.directory.resolve(symbol)
    except SymbolError:
        return None


def _meant(rules: Services, asked: RangeQuery) -> tuple[str, str, Window]:
    """The instrument, the timeframe and the window; an ApiError where they make no sense."""
    timeframe = timeframe_of_resolution(asked.resolution)
    if timeframe is None:
        raise ApiError(400, f"there are no bars of resolution {asked.resolution[:20]!r}", code="unknown_timeframe")
    if not 0 <= asked.from_ < asked.to <= _LATEST_S:
        raise ApiError(400, f"from and to are unix seconds, from before to: was {asked.from_} and {asked.to}")
    return resolve(rules, asked.symbol), timeframe, Window(asked.from_, asked.to)


def _source(rules: Services, instrument: str, timeframe: str) -> BarSource:
    return BarSource(rules.reader, rules.durable, rules.directory.calendar(instrument), instrument, timeframe)


async def _marks(asked: RangeQuery) -> list[Mark]:
    rules = services()
    instrument, timeframe, window = _meant(rules, asked)
    calendar, now_ns = rules.directory.calendar(instrument), rules.system.clock.now_ns()
    begin_ns, end_ns = _marked(calendar, timeframe, window, now_ns)
    if begin_ns >= end_ns:
        return []
    candles, gaps = await asyncio.gather(
        rules.reader.rows(instrument, timeframe, begin_ns, end_ns),
        rules.ledger.gaps(instrument, timeframe, begin_ns, end_ns, now_ns),
    )
    return marks_of(candles.candles, gaps or (), calendar)


def _marked(calendar: Calendar, timeframe: str, window: Window, now_ns: int) -> tuple[int, int]:
    """The newest part of the window; a day may open the evening before the date under which it is shown."""
    margin_s = _DAY_S if timeframe == "1d" else 0
    end_ns = min((window.to_s + margin_s) * _SECOND_NS, now_ns)
    start_ns = max(0, window.from_s - margin_s) * _SECOND_NS
    if start_ns >= end_ns:
        return start_ns, end_ns
    return portion(calendar, timeframe, start_ns, end_ns, MARKED_BUCKETS, newest_first=True)
