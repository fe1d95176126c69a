"""Candles: intraday and daily, from their history to the one that forms."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from quart import Blueprint, Response

from engine.market.adjustment import Adjuster, Adjustment
from engine.market.errors import SymbolError, TimeframeError
from engine.market.timeframe import TIMEFRAMES, length_s, parse_timeframe
from engine.market.views import View, ViewError
from engine.storage.durable import DailyCandle
from engine.storage.errors import StorageUnavailableError
from web.adjusting import adjusting
from web.answers import data_kind, items, streamed_items
from web.directory import DirectoryNotReadyError
from web.errors import ApiError
from web.intraday import IntradayPage, iso, row_of
from web.known_days import borders
from web.models.candles import DailyQuery, DatedGap, IntradayQuery, Row, Rows
from web.openapi import document_errors, document_response, validate_querystring
from web.revalidation import revalidate
from web.routes.guards import require_reader
from web.routes.times import Range, days_of_range, range_of
from web.services import Services, services

blueprint = Blueprint("market_data", __name__, url_prefix="/marketdata")
blueprint.before_request(require_reader)
revalidate(blueprint)

YEAR = timedelta(days=365)
MOST_DAYS = 10_000
"""In one answer: the calendar is gone through day by day, and nobody keeps more than twenty-seven years."""


@blueprint.get("/intraday")
@validate_querystring(IntradayQuery)
@document_response(Rows)
@document_errors(404)
async def intraday(query_args: IntradayQuery) -> Response:
    """Candles of one instrument within days; both ends are included."""
    rules = services()
    instrument = resolve(rules, query_args.symbol)
    timeframe = timeframe_of(query_args.timeframe)
    wanted = _range(rules, instrument, query_args, length=timedelta(0))
    page, token = _page(wanted, timeframe, query_args.limit, query_args.page_token)
    view = view_of(query_args.continuous, query_args.wick)
    read = IntradayPage(
        rules, instrument, timeframe, (page.start_ns, page.end_ns), view, now_ns=rules.system.clock.now_ns()
    )
    labels = {"instrument": instrument, "timeframe": timeframe, "view": view.label, "data": data_kind()}
    return await streamed_items(read.rows(), lambda: {"next_page_token": token, **labels, **read.about})


@blueprint.get("/daily")
@validate_querystring(DailyQuery)
@document_response(Rows)
@document_errors(404)
async def daily(query_args: DailyQuery) -> Response:
    """Candles of one instrument's days; both ends are included.

    ``adj_close`` is the close as today's shares would have had it, where splits and dividends are kept of the instrument.
    """
    rules = services()
    instrument = resolve(rules, query_args.symbol)
    zone = rules.directory.zone(instrument)
    wanted = _range(rules, instrument, query_args, length=YEAR)
    first, last = days_of_range(wanted, zone)
    if (last - first).days >= MOST_DAYS:
        raise ApiError(400, f"start_date and end_date are more than {MOST_DAYS:,} days apart: ask for less")
    found, gaps = await asyncio.gather(
        rules.reader.days(instrument, first, last), _missing(rules, instrument, "1d", wanted)
    )
    before = await rules.reader.previous_closes(instrument, first, last)
    adjuster = await _adjuster(rules, instrument)
    rows = [_day(day, before.get(day.date), adjuster) for day in found.days]
    return items(rows, instrument=instrument, timeframe="1d", **gaps, missing=found.missing, data=data_kind())


def resolve(rules: Services, symbol: str) -> str:
    """The canonical name of what a caller wrote, or an answer with near names."""
    return _resolved(rules.directory.resolve, symbol)


def resolve_underlying(rules: Services, symbol: str) -> str:
    """The same of what options are on, which need be no instrument."""
    return _resolved(rules.directory.underlying, symbol)


def _resolved(find: Callable[[str], str], symbol: str) -> str:
    try:
        return find(symbol)
    except SymbolError as error:
        raise ApiError(404, str(error), code="unknown_symbol", errors=getattr(error, "near", ())) from error
    except DirectoryNotReadyError as error:
        raise ApiError(503, str(error), retry_after_s=1) from error


def view_of(continuous: str, wick: str) -> View:
    """The view that these parameters ask for, or an answer that says how they are written."""
    try:
        return View.parse(continuous, wick)
    except ViewError as error:
        raise ApiError(400, str(error), code="unknown_view") from error


async def _missing(rules: Services, instrument: str, timeframe: str, of: Range) -> dict[str, Any]:
    """What every answer with candles says of those that it lacks.

    Without a store, or of days that the calendar does not know, nobody can say it is complete.
    """
    now_ns, calendar = rules.system.clock.now_ns(), rules.directory.listing.calendars.of(instrument)
    gaps = await rules.ledger.gaps(instrument, timeframe, of.start_ns, of.end_ns, now_ns)
    told = [DatedGap(iso(gap.start_ns), iso(gap.end_ns), gap.state, gap.reason) for gap in gaps or ()]
    complete = gaps == [] and calendar.knows(of.start_ns, min(of.end_ns, now_ns))
    return {"complete": complete, "gaps": told, **borders(calendar, of.start_ns, of.end_ns)}


def _range(rules: Services, instrument: str, wish: IntradayQuery | DailyQuery, *, length: timedelta) -> Range:
    zone = rules.directory.zone(instrument)
    today = datetime.fromtimestamp(rules.system.clock.now_ns() / 1e9, zone).date()
    return range_of(wish.start_date, wish.end_date, zone, today, length)


def _page(wanted: Range, timeframe: str, limit: int, token: str) -> tuple[Range, str | None]:
    """The stretch that can not hold more than ``limit`` candles, and where the next one begins."""
    start_ns = wanted.start_ns
    if token:
        start_ns = int(token) if token.isdecimal() and len(token) < 20 else -1
        if not wanted.start_ns <= start_ns < wanted.end_ns:
            raise ApiError(400, "page_token is not one of ours, or of another range")
    end_ns = min(wanted.end_ns, start_ns + limit * length_s(timeframe) * 1_000_000_000)
    return Range(start_ns, end_ns), None if end_ns >= wanted.end_ns else str(end_ns)


def timeframe_of(text: str) -> str:
    """The timeframe a caller wrote, or an answer that names those there are."""
    try:
        return parse_timeframe(text)
    except TimeframeError as error:
        raise ApiError(400, str(error), code="unknown_timeframe", errors=TIMEFRAMES) from error


async def _adjuster(rules: Services, instrument: str) -> Adjuster | None:
    """None where no action is known, or nobody can say; the answer tells that PostgreSQL is away."""
    try:
        return (await adjusting(rules, [instrument], Adjustment.ALL)).adjusters.get(instrument)
    except StorageUnavailableError:
        return None


def _day(day: DailyCandle, previous_close: float | None, adjuster: Adjuster | None) -> Row:
    adjusted = None if adjuster is None else adjuster.close(day.candle, day.date)
    return row_of(day.candle, day.date.isoformat(), previous_close, adjusted, day.delivery_percentage)
