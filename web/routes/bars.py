"""Bars of several symbols at once, in pages or as one stream, as they are now or as they were published at a time."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from quart import Blueprint, Response

from config.settings.providers import PROVIDERS
from engine.market.timeframe import length_s
from web.adjusting import adjusting
from web.answers import data_kind
from web.bars import BARS, MOST_BUCKETS, Place, Reading, Wish, bar_of
from web.choices import choice
from web.errors import ApiError
from web.forms import MEDIA, STREAMS, Pieces, answered_in, begin_form, form_name
from web.models.candles import Bars, BarsQuery
from web.openapi import document_errors, document_media, document_response, validate_querystring
from web.page_tokens import decode_page, encode_page
from web.published_candles import PublishedCandles
from web.revalidation import revalidate
from web.routes.completeness import refuse_joined, symbols_of
from web.routes.guards import require_reader
from web.routes.market_data import timeframe_of, view_of
from web.routes.times import instant_of, range_of
from web.services import Services, services

blueprint = Blueprint("bars", __name__, url_prefix="/api/v1/bars")
blueprint.before_request(require_reader)
revalidate(blueprint)

MOST_BARS: Final = 50_000
ALL: Final = "all"
"""As ``limit``: the whole range, as one stream and without pages, in forms that need not know its length before."""
MOST_SYMBOLS: Final = 100
_SECOND_NS: Final = 1_000_000_000
_YEAR: Final = timedelta(days=365)
_DAY: Final = timedelta(0)


@blueprint.get("")
@blueprint.get("/")
@validate_querystring(BarsQuery)
@document_response(Bars)
@document_media(*MEDIA)
@document_errors(404)
async def bars(query_args: BarsQuery) -> Response:
    """Bars of up to 100 symbols at once, in pages or as one stream.

    Ranges include both ends. A page has the symbols in the order in which they were asked for, each by time; all pages
    after each other are the whole. ``complete`` and ``gaps`` are about what lies on this page, whatever the feed. With
    ``as_of`` they are about the candles that had been published by then, but minutes are called empty or unresolvable as
    is known at ``verdicts_as_of``, which is now: what had been decided of them by then is not kept.
    """
    rules, form = services(), await begin_form(form_name(query_args.format), BARS)
    wish = await _wish(rules, query_args)
    now_ns = rules.system.clock.now_ns()
    reading = Reading(rules, wish, _place(wish, query_args.page_token), now_ns)
    about = {
        "timeframe": wish.timeframe,
        "view": wish.view.label,
        "adjustment": wish.adjusting.adjustment,
        "not_adjusted": wish.adjusting.unknown(wish.symbols),
        "as_of": query_args.as_of or None,
        "verdicts_as_of": now_ns // 1_000_000 if wish.published else None,
        "data": data_kind(),
    }

    def said() -> dict[str, Any]:
        return {"next_page_token": _token(reading), **reading.about, **about}

    return await answered_in(form, _pieces(reading, wish), said, endless=wish.limit is None)


async def _pieces(reading: Reading, wish: Wish) -> Pieces:
    while not reading.done:
        instrument, candles = await reading.piece()
        yield wish.symbols[instrument], [bar_of(candle) for candle in candles]


async def _wish(rules: Services, written: BarsQuery) -> Wish:
    symbols = symbols_of(rules, written.symbols or written.symbol)
    if not 1 <= len(symbols) <= MOST_SYMBOLS:
        raise ApiError(400, f"ask for 1 to {MOST_SYMBOLS} symbols, was {len(symbols)}")
    timeframe = timeframe_of(written.timeframe)
    ranges = _ranges(rules, symbols, timeframe, (written.start, written.end))
    published = _published(rules, symbols, timeframe, written.as_of) if written.as_of else None
    return Wish(
        symbols,
        ranges,
        timeframe,
        _limit(ranges, timeframe, written),
        choice("sort", written.sort, ("asc", "desc")) == "desc",
        view_of(written.continuous, written.wick),
        choice("feed", written.feed, ("", *PROVIDERS)),
        published,
        await adjusting(rules, symbols, written.adjustment, published and published.as_of_ns),
    )


def _limit(ranges: Mapping[str, tuple[int, int]], timeframe: str, written: BarsQuery) -> int | None:
    text = written.limit
    if text == ALL and form_name(written.format) in STREAMS:
        if sum(_buckets(span, timeframe) for span in ranges.values()) > MOST_BUCKETS:
            raise ApiError(400, f"all ranges together hold more than {MOST_BUCKETS:,} buckets: ask for less")
        return None
    if not (text.isdecimal() and len(text) < 9 and 1 <= int(text) <= MOST_BARS):
        more = f", or {ALL} with format={' or '.join(STREAMS)}"
        raise ApiError(400, f"limit is a number from 1 to {MOST_BARS}{more}, was {text[:20]!r}")
    return int(text)


def _published(rules: Services, instruments: Iterable[str], timeframe: str, as_of: str) -> PublishedCandles:
    """What had been published by then; a date is that day at each instrument's exchange."""
    refuse_joined(rules, instruments)
    now_ns, zone = rules.system.clock.now_ns(), rules.directory.zone
    moments = {name: min(now_ns, instant_of("as_of", as_of, zone(name))) for name in instruments}
    return PublishedCandles(rules.hot, rules.durable, timeframe, moments)


def _place(wish: Wish, page_token: str) -> Place | None:
    key = decode_page("bars", page_token, (str, str))
    if key is None:
        return None
    instrument, border = map(str, key)
    if instrument not in wish.symbols:
        raise ApiError(400, "page_token is of another list of symbols")
    if not border:
        return Place(instrument)
    start_ns, end_ns = wish.ranges[instrument]
    if not (border.isdecimal() and len(border) < 20 and start_ns <= int(border) <= end_ns):
        raise ApiError(400, "page_token is of another range")
    return Place(instrument, int(border))


def _token(reading: Reading) -> str | None:
    place = reading.next
    return place and encode_page("bars", (place.instrument, str(place.border_ns or "")))


def _ranges(
    rules: Services, instruments: Iterable[str], timeframe: str, ends: tuple[str, str]
) -> dict[str, tuple[int, int]]:
    """Of each instrument, as dates are its exchange's; those of an exchange are the same."""
    found: dict[str, tuple[int, int]] = {}
    exchanges: dict[str, tuple[int, int]] = {}
    for name in instruments:
        code = name.partition(":")[0]
        if code not in exchanges:
            exchanges[code] = _range(rules, name, timeframe, ends)
        found[name] = exchanges[code]
    return found


def _range(rules: Services, instrument: str, timeframe: str, ends: tuple[str, str]) -> tuple[int, int]:
    zone = rules.directory.zone(instrument)
    today = datetime.fromtimestamp(rules.system.clock.now_ns() / 1e9, zone).date()
    whole = range_of(*ends, zone, today, _YEAR if timeframe == "1d" else _DAY, names=("start", "end"))
    span = whole.start_ns, whole.end_ns
    if _buckets(span, timeframe) > MOST_BUCKETS:
        raise ApiError(400, f"the range holds more than {MOST_BUCKETS:,} buckets of {timeframe}: ask for less")
    return span


def _buckets(span: tuple[int, int], timeframe: str) -> int:
    return (span[1] - span[0]) // (length_s(timeframe) * _SECOND_NS)
