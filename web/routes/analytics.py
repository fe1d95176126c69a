"""Analytics: what was worked out of an instrument's days when they were over, and the reports of whole days."""

import asyncio
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta
from quart import Blueprint, Response

from engine.market.day_report import DayReport, day_report
from engine.market.statistics import DayStatistics
from engine.storage.durable.statistics import DayTold
from web.answers import DataKind, answer, data_kind, items
from web.errors import ApiError
from web.models.candles import PageToken, Time
from web.openapi import Page, Query, document_errors, document_response, validate_querystring
from web.page_tokens import decode_page, encode_page
from web.revalidation import revalidate
from web.routes.guards import require_reader
from web.routes.market_data import resolve
from web.routes.times import days_of_range, range_of
from web.services import services

blueprint = Blueprint("analytics", __name__, url_prefix="/api/v1")
blueprint.before_request(require_reader)
revalidate(blueprint)

YEAR = timedelta(days=365)
MOST_DAYS = 92
"""Of which reports are listed at a time: a quarter of a year."""
ROOM_S = 5.0
"""So long a report waits for those that are being made."""
_UTC = ZoneInfo("UTC")
_SECOND_NS = 1_000_000_000
_DAY = timedelta(days=1)


class StatisticsQuery(Query, frozen=True, kw_only=True):
    """Of which days; the last year when no dates are given."""

    start: Time = ""
    end: Time = ""
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 30
    page_token: PageToken = ""


class Statistics(Page[DayStatistics], frozen=True, kw_only=True):
    """Days, the newest first. What can not be worked out is null, and ``reasons`` says why."""

    instrument: str
    data: DataKind


class ReportsQuery(Query, frozen=True, kw_only=True):
    """Of which days, at most 92; the last month when no dates are given."""

    start: Time = ""
    end: Time = ""


class Reports(Page[DayTold], frozen=True, kw_only=True):
    """The days of which there are reports, the newest first."""

    data: DataKind


class ReportQuery(Query, frozen=True, kw_only=True):
    """Of which instruments."""

    exchange: Annotated[str, Meta(description="Its code, as `NSE`.", max_length=20)]
    kind: Annotated[str, Meta(description="`equity`, `index`, `future` or `option`.", max_length=20)] = "equity"


class OneReport(msgspec.Struct, frozen=True):
    """One exchange's day."""

    report: DayReport
    data: DataKind


@blueprint.get("/analytics/<symbol>")
@validate_querystring(StatisticsQuery)
@document_response(Statistics)
@document_errors(404)
async def analytics(symbol: str, query_args: StatisticsQuery) -> Response:
    """Returns, volatility, ranges, average prices, the volume profile and open interest, day by day."""
    rules = services()
    instrument = resolve(rules, symbol)
    zone = rules.directory.zone(instrument)
    today = datetime.fromtimestamp(rules.system.clock.now_ns() // _SECOND_NS, zone).date()
    first, last = days_of_range(
        range_of(query_args.start, query_args.end, zone, today, YEAR, names=("start", "end")), zone
    )
    last = _before(query_args.page_token, first, last)
    found = await rules.durable.statistics.of_instrument(instrument, first, last, query_args.limit + 1)
    shown = found[: query_args.limit]
    token = encode_page("analytics", (shown[-1].date.isoformat(),)) if len(found) > len(shown) else None
    return items(shown, token, instrument=instrument, data=data_kind())


@blueprint.get("/reports/")
@validate_querystring(ReportsQuery)
@document_response(Reports)
async def reports(query_args: ReportsQuery) -> Response:
    """The days that were worked through, with how many instruments of which exchange and kind."""
    rules = services()
    today = datetime.fromtimestamp(rules.system.clock.now_ns() // _SECOND_NS, _UTC).date() + _DAY
    wanted = range_of(query_args.start, query_args.end, _UTC, today, timedelta(days=31), names=("start", "end"))
    first, last = days_of_range(wanted, _UTC)
    if (last - first).days >= MOST_DAYS:
        raise ApiError(
            400, f"reports of at most {MOST_DAYS} days are listed at a time, these are {(last - first).days + 1}"
        )
    told = await rules.days_told.of((first, last), partial(rules.durable.statistics.days_told, first, last))
    return items(told, data=data_kind())


@blueprint.get("/reports/<day>")
@validate_querystring(ReportQuery)
@document_response(OneReport)
@document_errors(404)
async def report(day: str, query_args: ReportQuery) -> Response:
    """Breadth, movers, volumes, delivery and open interest of one exchange's day."""
    wanted = _date(day)
    exchange, kind = query_args.exchange.strip().upper(), query_args.kind.strip().lower()
    if not (exchange + kind).isprintable():
        raise ApiError(400, "exchange is a code as NSE, kind a word as equity")
    found = await services().reports.of((exchange, kind, wanted), partial(_reported, exchange, kind, wanted))
    if not found.instruments:
        raise ApiError(404, f"no statistics of {kind} on {wanted} at {exchange} are kept: see /api/v1/reports/")
    return answer(OneReport(found, data_kind()))


async def _reported(exchange: str, kind: str, day: date) -> DayReport:
    """Counted in a thread, as a day may have a hundred thousand options; few at once, since each has all its rows in memory."""
    room = services().report_room
    try:
        async with asyncio.timeout(ROOM_S):
            await room.acquire()
    except TimeoutError as error:
        raise ApiError(503, "so many reports are being made that this one must wait", retry_after_s=ROOM_S) from error
    try:
        rows = await services().durable.statistics.of_day(exchange, kind, day)
        return await asyncio.to_thread(day_report, exchange, kind, day, rows)
    finally:
        room.release()


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ApiError(400, f"a report is of a date as 2026-11-20, was {text[:40]!r}") from error


def _before(token: str, first: date, last: date) -> date:
    """The last day of the page: the one before the last that was shown."""
    key = decode_page("analytics", token, (str,))
    if key is None:
        return last
    shown = _date(str(key[0]))
    if not first < shown <= last:
        raise ApiError(400, "page_token is of another range")
    return shown - _DAY
