"""Ticks of several symbols at once, in pages or as one stream: of the instruments whose ticks are kept."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from quart import Blueprint, Response

from engine.storage.errors import StorageUnavailableError
from engine.storage.tick_history import TickReader
from web.answers import data_kind
from web.choices import choice
from web.errors import ApiError
from web.forms import MEDIA, STREAMS, Pieces, answered_in, begin_form, form_name
from web.models.ticks import Ticks, TicksQuery
from web.openapi import document_errors, document_media, document_response, validate_querystring
from web.page_tokens import decode_page, encode_page
from web.revalidation import revalidate
from web.routes.completeness import refuse_joined, symbols_of
from web.routes.guards import require_reader
from web.routes.times import range_of
from web.services import Services, services
from web.ticks import TICKS, Place, TickReading, Wish, row_of
from web.ticks.reading import Span

blueprint = Blueprint("ticks", __name__, url_prefix="/api/v1/ticks")
blueprint.before_request(require_reader)
revalidate(blueprint)

MOST_TICKS: Final = 50_000
ALL: Final = "all"
"""As ``limit``: the whole range, as one stream and without pages, in forms that need not know its length before."""
MOST_SYMBOLS: Final = 100
MOST_DAYS: Final = 31
"""In a range."""
_US_NS: Final = 1_000
_DAY_US: Final = 86_400_000_000


@blueprint.get("")
@blueprint.get("/")
@validate_querystring(TicksQuery)
@document_response(Ticks)
@document_media(*MEDIA)
@document_errors(404)
async def ticks(query_args: TicksQuery) -> Response:
    """Ticks of up to 100 symbols at once, in pages or as one stream.

    Ranges go by the time of receipt and include both ends. A page has the symbols in the order in which they were asked
    for, each by time; all pages after each other are the whole. The newest are a second old.
    """
    rules, form = services(), await begin_form(form_name(query_args.format), TICKS)
    wish = _wish(rules, query_args)
    reading = TickReading(TickReader(rules.hot, rules.durable), wish, _place(wish, query_args.page_token))
    kept = await _kept(rules)
    not_kept = [] if kept is None else [symbol for name, symbol in wish.symbols.items() if name not in kept]
    lost = await _lost(rules) if kept and len(not_kept) < len(wish.symbols) else set[str]()

    def said() -> dict[str, Any]:
        token = reading.next and encode_page("ticks", (reading.next.instrument, str(reading.next.border_us)))
        missing = sorted(reading.missing | lost)
        return {"next_page_token": token, "not_kept": not_kept, "missing": missing, "data": data_kind()}

    return await answered_in(form, _pieces(reading, wish), said, endless=wish.limit is None)


async def _pieces(reading: TickReading, wish: Wish) -> Pieces:
    async for instrument, found in reading.pieces():
        yield wish.symbols[instrument], [row_of(tick) for tick in found]


async def _kept(rules: Services) -> set[str] | None:
    """Whose ticks are kept; None while PostgreSQL is away, which is told anyway."""
    try:
        return set(await rules.durable.ticks.kept())
    except StorageUnavailableError:
        return None


async def _lost(rules: Services) -> set[str]:
    """Redis, where it was emptied and the keeper has not brought back yet what PostgreSQL lacks."""
    try:
        return set() if await rules.hot.saved_until() is not None else {"redis"}
    except StorageUnavailableError:
        return set()


def _wish(rules: Services, written: TicksQuery) -> Wish:
    symbols = symbols_of(rules, written.symbols or written.symbol)
    if not 1 <= len(symbols) <= MOST_SYMBOLS:
        raise ApiError(400, f"ask for 1 to {MOST_SYMBOLS} symbols, was {len(symbols)}")
    refuse_joined(rules, symbols)
    newest_first = choice("sort", written.sort, ("asc", "desc")) == "desc"
    return Wish(symbols, _ranges(rules, symbols, written), _limit(written), newest_first)


def _limit(written: TicksQuery) -> int | None:
    text = written.limit
    if text == ALL and form_name(written.format) in STREAMS:
        return None
    if not (text.isdecimal() and len(text) < 9 and 1 <= int(text) <= MOST_TICKS):
        more = f", or {ALL} with format={' or '.join(STREAMS)}"
        raise ApiError(400, f"limit is a number from 1 to {MOST_TICKS}{more}, was {text[:20]!r}")
    return int(text)


def _ranges(rules: Services, instruments: Iterable[str], written: TicksQuery) -> dict[str, Span]:
    """Of each instrument, as dates are its exchange's."""
    now_s = rules.system.clock.now_ns() / 1e9
    found: dict[str, Span] = {}
    for name in instruments:
        zone = rules.directory.zone(name)
        today = datetime.fromtimestamp(now_s, zone).date()
        whole = range_of(written.start, written.end, zone, today, timedelta(0), names=("start", "end"))
        found[name] = -(-whole.start_ns // _US_NS), -(-whole.end_ns // _US_NS)
        if found[name][1] - found[name][0] > (MOST_DAYS + 1) * _DAY_US:
            raise ApiError(400, f"the range is longer than {MOST_DAYS} days: ask for less")
    return found


def _place(wish: Wish, page_token: str) -> Place | None:
    key = decode_page("ticks", page_token, (str, str))
    if key is None:
        return None
    instrument, border = map(str, key)
    if instrument not in wish.symbols:
        raise ApiError(400, "page_token is of another list of symbols")
    start_us, end_us = wish.ranges[instrument]
    if not (border.isdecimal() and len(border) < 20 and start_us <= int(border) <= end_us):
        raise ApiError(400, "page_token is of another range")
    return Place(instrument, int(border))
