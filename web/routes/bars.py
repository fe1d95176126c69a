"""Bars of several symbols at once, in pages, as they are now or as they were published at a time."""

import asyncio
import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from quart import Blueprint, Response, request

from engine.market.candle import Candle
from engine.market.ledger import LedgerGap
from engine.market.timeframe import length_s
from engine.market.views import LONGEST_GAP_NS, View
from engine.storage.history import CandleRange
from web.answers import answer, data_kind
from web.bars import Bar, as_csv, as_msgpack, bar_of
from web.errors import ApiError
from web.known_days import borders, narrowest
from web.published_candles import PublishedCandles
from web.routes.completeness import gap_row, limit_of, symbols_of
from web.routes.guards import require_reader
from web.routes.market_data import timeframe_of, view_of_request
from web.routes.times import Range, instant_of, range_of
from web.services import Services, services

blueprint = Blueprint("bars", __name__, url_prefix="/api/v1/bars")
blueprint.before_request(require_reader)

BARS: Final = 1_000
"""In one answer, of all symbols together; the rest is had with the page token."""
MOST_BARS: Final = 10_000
MOST_SYMBOLS: Final = 100
MOST_BUCKETS: Final = 600_000
"""How far one answer may reach, counted in buckets: each that is expected is looked at."""
FORMATS: Final = ("json", "csv", "msgpack")
_SECOND_NS: Final = 1_000_000_000


class _Wish(msgspec.Struct, frozen=True):
    """What a request asks for."""

    symbols: dict[str, str]
    """Canonical names, each as the caller wrote it."""
    timeframe: str
    limit: int
    newest_first: bool
    view: View
    feed: str
    as_of: str
    published: PublishedCandles | None
    """Where to read, with ``as_of``."""
    format: str


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """Where the next page begins: the symbol, and how far from the end its range is done with."""

    instrument: str
    border_ns: int


class _Part(msgspec.Struct, frozen=True):
    """One symbol's part of a page."""

    bars: list[Candle]
    gaps: list[LedgerGap] | None
    """None when nobody can say what is missing."""
    missing: tuple[str, ...]
    border_ns: int | None
    """Where the rest of the range begins, or with the newest first ends; None when there is no rest."""
    known: bool = True
    """Whether the calendar knows all its days: else nobody can say it is complete."""
    borders: Mapping[str, str] = {}


@blueprint.get("")
@blueprint.get("/")
async def bars() -> Response:
    """``?symbols=&timeframe=&start=&end=&limit=&sort=&as_of=&feed=&continuous=&wick=&page_token=&format=``.

    Ranges include both ends. ``complete`` and ``gaps`` are about what lies on this page, whatever the feed. With ``as_of``
    they are about the candles that had been published by then, but minutes are called empty or unresolvable as is known
    at ``verdicts_as_of``, which is now: what had been decided of them by then is not kept.
    """
    rules = services()
    wish = _wish(rules)
    place = _place(wish)
    names = list(wish.symbols)
    left, reach = wish.limit, MOST_BUCKETS
    parts: dict[str, _Part] = {}
    for instrument in names[names.index(place.instrument) :]:
        border_ns = place.border_ns if instrument == place.instrument and place.border_ns else None
        span = _span(rules, instrument, wish, border_ns)
        reach -= (span.end_ns - span.start_ns) // (length_s(wish.timeframe) * _SECOND_NS)
        if parts and (left <= 0 or reach < 0):
            return await _answer(wish, parts, _Place(instrument, 0))
        part = parts[instrument] = await _read(rules, wish, instrument, span, left)
        left -= len(part.bars)
        if part.border_ns is not None:
            return await _answer(wish, parts, _Place(instrument, part.border_ns))
    return await _answer(wish, parts, None)


def _wish(rules: Services) -> _Wish:
    written = request.args
    symbols = symbols_of(rules, written.get("symbols", "") or written.get("symbol", ""))
    if not 1 <= len(symbols) <= MOST_SYMBOLS:
        raise ApiError(400, f"ask for 1 to {MOST_SYMBOLS} symbols, was {len(symbols)}")
    if written.get("adjustment", "raw") != "raw":
        raise ApiError(400, "adjustment is raw: corporate actions are not kept yet", code="not_available")
    timeframe, as_of = timeframe_of(written.get("timeframe", "1m")), written.get("as_of", "")
    return _Wish(
        symbols,
        timeframe,
        limit_of(BARS, MOST_BARS),
        _choice("sort", ("asc", "desc")) == "desc",
        view_of_request(),
        written.get("feed", ""),
        as_of,
        _published(rules, symbols, timeframe, as_of) if as_of else None,
        _choice("format", FORMATS),
    )


def _published(rules: Services, instruments: Iterable[str], timeframe: str, as_of: str) -> PublishedCandles:
    """What had been published by then; a date is that day at each instrument's exchange."""
    now_ns, zone = rules.system.clock.now_ns(), rules.directory.zone
    moments = {name: min(now_ns, instant_of("as_of", as_of, zone(name))) for name in instruments}
    return PublishedCandles(rules.hot, rules.durable, timeframe, moments)


def _choice(name: str, known: Sequence[str]) -> str:
    """A parameter that is one of a few words; the first when it is not given."""
    word = request.args.get(name, known[0])
    if word not in known:
        raise ApiError(400, f"{name} is one of {', '.join(known)}, was {word[:20]!r}", errors=known)
    return word


def _place(wish: _Wish) -> _Place:
    token = request.args.get("page_token")
    if not token:
        return _Place(next(iter(wish.symbols)), 0)
    try:
        place = msgspec.msgpack.decode(base64.urlsafe_b64decode(token.encode()), type=_Place)
    except (msgspec.DecodeError, binascii.Error, ValueError) as error:
        raise ApiError(400, "page_token is not one of ours") from error
    if place.instrument not in wish.symbols:
        raise ApiError(400, "page_token is of another list of symbols")
    return place


def _span(rules: Services, instrument: str, wish: _Wish, border_ns: int | None) -> Range:
    zone = rules.directory.zone(instrument)
    today = datetime.fromtimestamp(rules.system.clock.now_ns() / 1e9, zone).date()
    length = timedelta(days=365 if wish.timeframe == "1d" else 0)
    ends = request.args.get("start"), request.args.get("end")
    whole = range_of(*ends, zone, today, length, names=("start", "end"))
    if (whole.end_ns - whole.start_ns) // (length_s(wish.timeframe) * _SECOND_NS) > MOST_BUCKETS:
        raise ApiError(400, f"the range holds more than {MOST_BUCKETS:,} buckets of {wish.timeframe}: ask for less")
    if border_ns is None:
        return whole
    if not whole.start_ns <= border_ns <= whole.end_ns:
        raise ApiError(400, "page_token is of another range")
    return Range(whole.start_ns, border_ns) if wish.newest_first else Range(border_ns, whole.end_ns)


async def _read(rules: Services, wish: _Wish, instrument: str, span: Range, limit: int) -> _Part:
    """At least one bucket's worth is read, so that every page gets on."""
    found_in = await rules.reader.stretch(
        instrument, wish.timeframe, span.start_ns, span.end_ns, limit, newest_first=wish.newest_first
    )
    found, gaps = await _bars_and_gaps(rules, wish, instrument, *found_in)
    shown = await _shown(rules, wish, instrument, found.candles, found_in[0])
    ordered = shown[::-1] if wish.newest_first else shown
    border_ns = _border_ns(wish, span, found_in, ordered, limit)
    if border_ns is not None and gaps is not None:
        gaps = [gap for gap in gaps if (gap.start_ns >= border_ns) == wish.newest_first]
    feed = [one for one in ordered[:limit] if not wish.feed or one.source.removesuffix("/ticks") == wish.feed]
    calendar = rules.directory.listing.calendars.of(instrument)
    known = calendar.knows(found_in[0], min(found_in[1], rules.system.clock.now_ns()))
    return _Part(feed, gaps, found.missing, border_ns, known, borders(calendar, *found_in))


def _border_ns(
    wish: _Wish, span: Range, found_in: tuple[int, int], ordered: Sequence[Candle], limit: int
) -> int | None:
    """What the hot store has beyond what is saved may be more than fits."""
    if len(ordered) > limit:
        return ordered[limit].time + wish.newest_first
    start_ns, end_ns = found_in
    if wish.newest_first:
        return start_ns if start_ns > span.start_ns else None
    return end_ns if end_ns < span.end_ns else None


async def _bars_and_gaps(
    rules: Services, wish: _Wish, instrument: str, start_ns: int, end_ns: int
) -> tuple[CandleRange, list[LedgerGap] | None]:
    if wish.published is None:
        return await asyncio.gather(
            rules.reader.rows(instrument, wish.timeframe, start_ns, end_ns),
            rules.ledger.gaps(instrument, wish.timeframe, start_ns, end_ns, rules.system.clock.now_ns()),
        )
    found = await wish.published.candles(instrument, start_ns, end_ns)
    calendar = rules.directory.listing.calendars.of(instrument)
    return found, await wish.published.gaps(instrument, calendar, (start_ns, end_ns), found)


async def _shown(rules: Services, wish: _Wish, instrument: str, candles: list[Candle], start_ns: int) -> list[Candle]:
    """As the view has them; a continuous one goes on from the candle before the first."""
    calendar = rules.directory.listing.calendars.of(instrument)
    before: list[Candle] = []
    if wish.view.continuous and candles:
        before_ns = start_ns - LONGEST_GAP_NS - length_s(wish.timeframe) * _SECOND_NS
        if wish.published is None:
            found = await rules.reader.rows(instrument, wish.timeframe, before_ns, start_ns)
        else:
            found = await wish.published.candles(instrument, before_ns, start_ns)
        before = found.candles[-1:]
    return wish.view.since([*before, *candles], calendar, start_ns)


async def _answer(wish: _Wish, parts: dict[str, _Part], place: _Place | None) -> Response:
    token = place and base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode()
    now_ms = services().system.clock.now_ns() // 1_000_000
    return await asyncio.to_thread(_encode, wish, parts, token, data_kind(), now_ms)


def _encode(wish: _Wish, parts: dict[str, _Part], token: str | None, kind: str, now_ms: int) -> Response:
    """Off the loop: ten thousand bars take a while, and others wait for it."""
    shown: dict[str, list[Bar]] = {
        wish.symbols[name]: [bar_of(one) for one in part.bars] for name, part in parts.items()
    }
    complete = all(part.gaps == [] and part.known for part in parts.values())
    body: dict[str, Any] = {
        "bars": shown,
        "next_page_token": token,
        "complete": complete,
        "gaps": [
            {"symbol": wish.symbols[name], **gap_row(gap)} for name, part in parts.items() for gap in part.gaps or ()
        ],
        "missing": sorted({store for part in parts.values() for store in part.missing}),
        "timeframe": wish.timeframe,
        "view": wish.view.label,
        "as_of": wish.as_of or None,
        "verdicts_as_of": now_ms if wish.as_of else None,
        "data": kind,
        **narrowest(part.borders for part in parts.values()),
    }
    if wish.format == "json":
        return answer(body)
    headers = {"X-Ticktree-Complete": str(complete).lower(), "X-Ticktree-Next-Page": token or ""}
    if wish.format == "msgpack":
        return Response(as_msgpack(body), content_type="application/msgpack", headers=headers)
    return Response(as_csv(shown), content_type="text/csv; charset=utf-8", headers=headers)
