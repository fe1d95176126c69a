"""Completeness: what became of every bucket that should have been saved by now, session by session."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from quart import Blueprint, Response

from engine.market.ledger import BucketState, LedgerPage, percentage
from web.answers import data_kind, items
from web.bars import gap_row
from web.errors import ApiError
from web.known_days import borders
from web.models.candles import Completeness, CompletenessQuery
from web.openapi import document_errors, document_response, validate_querystring
from web.routes.guards import require_reader
from web.routes.market_data import resolve, timeframe_of
from web.routes.times import Range, range_of
from web.services import Services, services

blueprint = Blueprint("completeness", __name__, url_prefix="/api/v1/completeness")
blueprint.before_request(require_reader)

MOST_DAYS: Final = 3_000
"""Instruments times days in one answer: of each that lacks minutes the others have to be read."""
WEEK: Final = timedelta(days=6)
_DAY_NS: Final = 86_400_000_000_000


@blueprint.get("")
@blueprint.get("/")
@validate_querystring(CompletenessQuery)
@document_response(Completeness)
@document_errors(404)
async def completeness(query_args: CompletenessQuery) -> Response:
    """What became of every bucket that should have been saved by now, by session.

    Nothing is expected of days that an exchange's calendar does not know: ``calendar_valid_through`` says where they begin.
    """
    rules = services()
    timeframe = timeframe_of(query_args.timeframe)
    written, token = _page(rules, query_args)
    refuse_joined(rules, written)
    now_ns = rules.system.clock.now_ns()
    ranges = {instrument: _range(rules, instrument, query_args, now_ns) for instrument in written}
    _refuse_too_much(list(ranges.values()))
    pages = await _read(rules, ranges, timeframe, now_ns)
    calendars = rules.directory.listing.calendars
    rows = [
        _row(written[instrument], instrument, timeframe, pages[instrument])
        | borders(calendars.of(instrument), ranges[instrument].start_ns, ranges[instrument].end_ns)
        for instrument in written
    ]
    saved = (now_ns - rules.saved_after_ns) // 1_000_000
    return items(rows, token, timeframe=timeframe, saved_until=saved, data=data_kind())


def symbols_of(rules: Services, text: str) -> dict[str, str]:
    """Canonical names, each with the symbol as it was written, in order."""
    return {resolve(rules, symbol): symbol for symbol in (part.strip() for part in text.split(",")) if symbol}


def refuse_joined(rules: Services, instruments: Iterable[str]) -> None:
    """Continuous futures are views of contracts, and those alone have records of their own."""
    joined = [name for name in instruments if name in rules.directory.listing.legs]
    if joined:
        raise ApiError(400, f"{joined[0]} is a view of several contracts: ask for those", code="not_available")


def _page(rules: Services, wish: CompletenessQuery) -> tuple[dict[str, str], str | None]:
    """The instruments of this page, and the token of the next one: the last name on this one."""
    named = wish.symbol or wish.symbols
    wanted = symbols_of(rules, named) or {name: name for name in rules.directory.carried()}
    rest = [(name, symbol) for name, symbol in sorted(wanted.items()) if name > wish.page_token]
    return dict(rest[: wish.limit]), rest[wish.limit - 1][0] if len(rest) > wish.limit else None


def _range(rules: Services, instrument: str, wish: CompletenessQuery, now_ns: int) -> Range:
    zone = rules.directory.zone(instrument)
    today = datetime.fromtimestamp(now_ns / 1e9, zone).date()
    return range_of(wish.start, wish.end, zone, today, WEEK, names=("start", "end"))


def _refuse_too_much(ranges: Sequence[Range]) -> None:
    days = sum(-(-(one.end_ns - one.start_ns) // _DAY_NS) for one in ranges)
    if days > MOST_DAYS:
        raise ApiError(
            400, f"{len(ranges)} instruments and {days} days of them are too much: ask for {MOST_DAYS} in all"
        )


async def _read(rules: Services, ranges: dict[str, Range], timeframe: str, now_ns: int) -> dict[str, list[LedgerPage]]:
    """Instruments of one range together: they are counted in one query."""
    found: dict[str, list[LedgerPage]] = {}
    for span, names in groupby(sorted(ranges, key=lambda name: (ranges[name].start_ns, name)), key=ranges.__getitem__):
        found |= await rules.ledger.pages(names, timeframe, span.start_ns, span.end_ns, now_ns)
    return found


def _row(symbol: str, instrument: str, timeframe: str, pages: Sequence[LedgerPage]) -> dict[str, Any]:
    counts: Counter[BucketState] = Counter()
    for page in pages:
        counts.update(page.counts)
    return {
        "symbol": symbol,
        "instrument": instrument,
        "timeframe": timeframe,
        **_counts(counts),
        "sessions": list(_sessions(pages)),
    }


def _sessions(pages: Sequence[LedgerPage]) -> Iterator[dict[str, Any]]:
    for page in pages:
        yield {
            "date": page.date.isoformat(),
            "start": page.start_ns // 1_000_000,
            "end": page.end_ns // 1_000_000,
            **_counts(page.counts),
            "gaps": [gap_row(gap) for gap in page.gaps],
        }


def _counts(counts: Mapping[BucketState, int]) -> dict[str, Any]:
    return {
        "expected": sum(counts.values()),
        **{state.value: counts.get(state, 0) for state in BucketState},
        "percentage": round(percentage(counts), 4),
    }
