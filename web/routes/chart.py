"""The year chart: from the engine's cache, with what has closed and formed since."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any, Final

import msgspec
from quart import Blueprint, Response

from engine.market import Calendar, Candle, CandleState
from engine.market.window import window_start_ns
from engine.storage.history import newest
from web.answers import answer, data_kind
from web.bars import bar_of, gap_row
from web.errors import ApiError
from web.known_days import borders
from web.models.candles import Chart, ChartQuery
from web.openapi import document_response, validate_querystring
from web.revalidation import revalidate
from web.routes.guards import require_reader
from web.routes.market_data import resolve, timeframe_of, view_of
from web.services import Services, services

blueprint = Blueprint("chart", __name__, url_prefix="/api/v1/chart")
blueprint.before_request(require_reader)
revalidate(blueprint)

RANGES: Final = {
    "1d": timedelta(days=1),
    "5d": timedelta(days=5),
    "1w": timedelta(days=7),
    "1mo": timedelta(days=30),
    "3mo": timedelta(days=91),
    "6mo": timedelta(days=182),
    "1y": timedelta(days=365),
}
MOST_GAPS: Final = 1_000
"""In one answer, the newest; of the others there is the number."""
_SECOND_NS: Final = 1_000_000_000
_YOUNG_NS: Final = 2 * 86_400 * _SECOND_NS
"""Of what closed within two days the live candles know better than the cache."""
_DAY: Final = timedelta(days=1)


@blueprint.get("/<symbol>")
@validate_querystring(ChartQuery)
@document_response(Chart)
async def chart(symbol: str, query_args: ChartQuery) -> Response:
    """Up to a year of closed candles, the one that forms, and how far to trust them."""
    rules = services()
    instrument = resolve(rules, symbol)
    timeframe = timeframe_of(query_args.timeframe)
    written, view = query_args.range, view_of(query_args.continuous, query_args.wick)
    now_ns, calendar = rules.system.clock.now_ns(), rules.directory.listing.calendars.of(instrument)
    start_ns = _start_ns(calendar, timeframe, written, now_ns)
    trouble = await rules.charts.ready(instrument, timeframe)
    lacking = partial(rules.ledger.gaps, instrument, timeframe, start_ns, now_ns + 1, now_ns)
    found, gaps = await asyncio.gather(
        _read(rules, instrument, timeframe, start_ns, now_ns),
        rules.chart_gaps.of((instrument, timeframe, written), lacking),
    )
    shown = view.since(found.candles, calendar, start_ns)
    body = {
        "symbol": instrument,
        "timeframe": timeframe,
        "range": written,
        "candles": [candle for candle in shown if candle.state is not CandleState.FORMING],
        "forming": next((bar_of(candle) for candle in shown if candle.state is CandleState.FORMING), None),
        "complete": gaps == [] and calendar.knows(start_ns, now_ns),
        "gaps": [gap_row(gap) for gap in (gaps or ())[-MOST_GAPS:]],
        "gaps_in_all": None if gaps is None else len(gaps),
        "view": view.label,
        "built": found.built_ns // 1_000_000 if found.built_ns else None,
        "missing": found.missing,
        "degraded": trouble,
        "data": data_kind(),
        **borders(calendar, start_ns, now_ns),
    }
    return await asyncio.to_thread(_answer, body)


class _Found(msgspec.Struct, frozen=True):
    candles: list[Candle]
    built_ns: int = 0
    missing: tuple[str, ...] = ()


async def _read(rules: Services, instrument: str, timeframe: str, start_ns: int, now_ns: int) -> _Found:
    """The cached days and what came since; without a cache what the stores hold. A day more, for views to go on from."""
    calendar = rules.directory.listing.calendars.of(instrument)
    about = await rules.hot.chart_about(instrument, timeframe)
    if about is None:
        before = calendar.previous_session(start_ns)
        found = await rules.reader.rows(instrument, timeframe, before.start_ns if before else start_ns, now_ns + 1)
        return _Found(found.candles, 0, found.missing)
    days = [
        day.date
        for day in calendar.trading_days(calendar.local_date(start_ns) - _DAY, calendar.local_date(now_ns) + _DAY)
    ]
    kept = await rules.hot.chart_days(instrument, timeframe, days)
    young = await rules.reader.live(instrument, timeframe, max(start_ns, now_ns - _YOUNG_NS), now_ns + 1)
    return _Found(newest([*kept, *young]), about.built_ns)


def _start_ns(calendar: Calendar, timeframe: str, written: str, now_ns: int) -> int:
    if written not in RANGES:
        raise ApiError(400, f"range is one of {', '.join(RANGES)}", code="unknown_range", errors=tuple(RANGES))
    wanted_ns = now_ns - int(RANGES[written].total_seconds()) * _SECOND_NS
    return max(wanted_ns, window_start_ns(calendar, timeframe, now_ns))


def _answer(body: dict[str, Any]) -> Response:
    """Off the loop: a year of minutes is a hundred thousand candles, and others wait for the loop."""
    return answer(body | {"candles": [bar_of(candle) for candle in body["candles"]]})
