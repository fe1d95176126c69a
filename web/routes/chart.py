"""The year chart: from the engine's cache, with what has closed and formed since."""

from datetime import timedelta
from functools import partial
from typing import Any, Final

from quart import Blueprint, Response

from engine.market import Calendar
from engine.market.window import window_start_ns
from web.adjusting import adjusting
from web.answers import data_kind, streamed_items
from web.bars import gap_row
from web.errors import ApiError
from web.known_days import borders
from web.models.candles import Chart, ChartQuery
from web.openapi import document_response, validate_querystring
from web.revalidation import revalidate
from web.routes.guards import require_reader
from web.routes.market_data import resolve, timeframe_of, view_of
from web.services import services
from web.year_chart import YearChart

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
LONG_BYTES: Final = 16 * 2**20
"""What is longer is sent while it is read. The longest chart has 12 MB, and is packed and has an ETag."""
MOST_GAPS: Final = 1_000
"""In one answer, the newest; of the others there is the number."""
_SECOND_NS: Final = 1_000_000_000


@blueprint.get("/<symbol>")
@validate_querystring(ChartQuery)
@document_response(Chart)
async def chart(symbol: str, query_args: ChartQuery) -> Response:
    """Up to a year of closed candles, the one that forms, and how far to trust them."""
    rules = services()
    instrument = resolve(rules, symbol)
    timeframe = timeframe_of(query_args.timeframe)
    written, view = query_args.range, view_of(query_args.continuous, query_args.wick)
    adjusted = await adjusting(rules, [instrument], query_args.adjustment)
    now_ns, calendar = rules.system.clock.now_ns(), rules.directory.listing.calendars.of(instrument)
    start_ns = _start_ns(calendar, timeframe, written, now_ns)
    joined = instrument in rules.directory.listing.legs  # of contracts, in the stores: no engine keeps such a chart
    trouble = "" if joined else await rules.charts.ready(instrument, timeframe)
    lacking = partial(rules.ledger.gaps, instrument, timeframe, start_ns, now_ns + 1, now_ns)
    gaps = await rules.chart_gaps.of((instrument, timeframe, written), lacking)
    year = YearChart(rules, instrument, timeframe, view, adjusted, start_ns=start_ns, now_ns=now_ns)
    told = {
        "symbol": instrument,
        "timeframe": timeframe,
        "range": written,
        "complete": gaps == [] and calendar.knows(start_ns, now_ns),
        "gaps": [gap_row(gap) for gap in (gaps or ())[-MOST_GAPS:]],
        "gaps_in_all": None if gaps is None else len(gaps),
        "view": view.label,
        "adjustment": adjusted.adjustment,
        "not_adjusted": adjusted.unknown({instrument: instrument}),
        "degraded": trouble,
        "data": data_kind(),
        **borders(calendar, start_ns, now_ns),
    }

    def about() -> dict[str, Any]:
        return told | {"forming": year.forming, "built": year.built_ms, "missing": year.missing}

    return await streamed_items(year.bars(), about, name="candles", short_bytes=LONG_BYTES)


def _start_ns(calendar: Calendar, timeframe: str, written: str, now_ns: int) -> int:
    if written not in RANGES:
        raise ApiError(400, f"range is one of {', '.join(RANGES)}", code="unknown_range", errors=tuple(RANGES))
    wanted_ns = now_ns - int(RANGES[written].total_seconds()) * _SECOND_NS
    return max(wanted_ns, window_start_ns(calendar, timeframe, now_ns))
