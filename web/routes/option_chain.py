"""Option chains: what expires when, all legs at one instant, what their interest says, and how it went through days."""

from datetime import date, datetime, timedelta
from typing import Final

from quart import Blueprint, Response

from engine.market.chain_place import ChainPlace
from web.answers import answer, data_kind
from web.errors import ApiError
from web.expiries import OptionExpiries
from web.models.option_chain import (
    Chain,
    ChainHistory,
    ChainQuery,
    Expiries,
    HistoryQuery,
    OpenInterest,
)
from web.openapi import document_errors, document_response, validate_querystring
from web.revalidation import revalidate
from web.routes.guards import holder, require_reader
from web.routes.market_data import resolve_underlying
from web.routes.times import Range, days_of_range, instant_of, range_of
from web.services import Services, services

blueprint = Blueprint("option_chain", __name__, url_prefix="/api/v1/option_chain")
blueprint.before_request(require_reader)
revalidate(blueprint)

MOST_DAYS: Final = 31
"""Of a history: a day has some 400 minutes."""
RETRY_S: Final = 5.0
OVER: Final = "its options have expired: the chain is as it ended"


@blueprint.get("/<underlying>/expiries")
@document_response(Expiries)
@document_errors(404)
async def expiries(underlying: str) -> Response:
    """The days on which options of an underlying expire, from today on, also when they are over; none where it has no options."""
    rules = services()
    instrument = resolve_underlying(rules, underlying)
    days = await _expiries(rules).since(instrument, _today(rules, instrument))
    zone = rules.directory.zone(instrument).key
    return answer(Expiries(days, None, underlying, instrument, zone, data_kind()))


@blueprint.get("/<underlying>")
@validate_querystring(ChainQuery)
@document_response(Chain)
@document_errors(404)
async def option_chain(underlying: str, query_args: ChainQuery) -> Response:
    """All options that expire on one day, at one instant: prices, volatilities, Greeks, interest; and all together."""
    return answer(await _chain(underlying, query_args))


@blueprint.get("/<underlying>/oi")
@validate_querystring(ChainQuery)
@document_response(OpenInterest)
@document_errors(404)
async def open_interest(underlying: str, query_args: ChainQuery) -> Response:
    """The open interest: its changes, put-call ratios, max pain, the strikes with most of it, and what builds up."""
    return answer(OpenInterest.of(await _chain(underlying, query_args)))


@blueprint.get("/<underlying>/history")
@validate_querystring(HistoryQuery)
@document_response(ChainHistory)
@document_errors(404)
async def history(underlying: str, query_args: HistoryQuery) -> Response:
    """The figures of a chain as they were at each minute: volatility and straddle at the money, ratios, max pain."""
    rules = services()
    instrument = resolve_underlying(rules, underlying)
    zone = rules.directory.zone(instrument)
    expiry, wanted = await _stretch(rules, instrument, query_args)
    first, last = days_of_range(wanted, zone)
    if (last - first).days >= MOST_DAYS:
        raise ApiError(400, f"start_date and end_date are more than {MOST_DAYS} days apart: ask for less")
    return answer(
        ChainHistory(
            items=await rules.durable.chains.summaries(instrument, expiry, wanted.start_ns, wanted.end_ns),
            next_page_token=None,
            symbol=underlying,
            underlying=instrument,
            expiry=expiry,
            start_date=first,
            end_date=last,
            timezone=zone.key,
            data=data_kind(),
        )
    )


async def _chain(symbol: str, wish: ChainQuery) -> Chain:
    rules = services()
    instrument = resolve_underlying(rules, symbol)
    if wish.at:
        return await _past(rules, instrument, symbol, wish)
    if wish.expiry is not None and _expiries(rules).is_over(instrument, wish.expiry):
        return await _ended(rules, ChainPlace(instrument, wish.expiry), symbol)
    place = await _place(rules, instrument, wish.expiry)
    is_open = rules.directory.calendar(instrument).is_open(rules.system.clock.now_ns())
    found = await rules.chains.current(place, is_open=is_open, holder=holder())
    if found.snapshot is None:
        why = found.trouble or "nothing is known of the chain yet"
        raise ApiError(503, f"{place}: {why}", retry_after_s=RETRY_S)
    return Chain.of(found.snapshot, symbol, found.trouble, data_kind())


async def _past(rules: Services, instrument: str, symbol: str, wish: ChainQuery) -> Chain:
    """The newest snapshot that was kept by then."""
    at_ns = instant_of("at", wish.at, rules.directory.zone(instrument))
    day = rules.directory.calendar(instrument).session_date(at_ns)
    expiry = wish.expiry or await _nearest(rules, instrument, day)
    snapshot = await rules.durable.chains.snapshot_at(instrument, expiry, at_ns)
    if snapshot is None:
        raise ApiError(404, f"no snapshot of {instrument} {expiry} was kept by {wish.at[:40]}")
    return Chain.of(snapshot, symbol, "", data_kind())


async def _ended(rules: Services, place: ChainPlace, symbol: str) -> Chain:
    """How a chain that is over was at its end; no engine runs it any more."""
    snapshot = await rules.hot.chain(*place)
    if snapshot is None:
        snapshot = await rules.durable.chains.snapshot_at(*place, rules.system.clock.now_ns())
    if snapshot is None:
        raise ApiError(404, f"{place} is over, and no snapshot of it was kept", errors=await _near(rules, place))
    return Chain.of(snapshot, symbol, OVER, data_kind())


async def _place(rules: Services, instrument: str, expiry: date | None) -> ChainPlace:
    """The chain that is asked for, or an answer that names those there are. One that is at hand needs no database."""
    if expiry is None:
        return ChainPlace(instrument, await _next(rules, instrument))
    place = ChainPlace(instrument, expiry)
    if await rules.hot.chain(*place) is None:
        await _check_listed(rules, place)
    return place


async def _check_listed(rules: Services, place: ChainPlace) -> None:
    near = await _near(rules, place)
    if place.expiry.isoformat() not in near:
        named = ", ".join(near) or "none"
        raise ApiError(404, f"no options of {place.underlying} expire on {place.expiry}; near: {named}", errors=near)


async def _near(rules: Services, place: ChainPlace) -> list[str]:
    """The expiries next to that one, the nearest first."""
    listed = await _expiries(rules).since(place.underlying, _today(rules, place.underlying))
    days = sorted((one.expiry for one in listed), key=lambda day: abs(day - place.expiry))
    return [day.isoformat() for day in days[:3]]


async def _stretch(rules: Services, instrument: str, wish: HistoryQuery) -> tuple[date, Range]:
    """Of which chain, and from when to when."""
    zone, today, length = rules.directory.zone(instrument), _today(rules, instrument), timedelta(wish.days - 1)
    if wish.start_date or wish.end_date:
        wanted = range_of(wish.start_date, wish.end_date, zone, today, length)
        first, _ = days_of_range(wanted, zone)
        return wish.expiry or await _nearest(rules, instrument, first), wanted
    expiry = wish.expiry or await _nearest(rules, instrument, today)
    newest = await rules.durable.chains.snapshot_at(instrument, expiry, rules.system.clock.now_ns())
    day = today if newest is None else datetime.fromtimestamp(newest.as_of / 1_000, zone).date()
    return expiry, range_of("", day.isoformat(), zone, today, length)


async def _next(rules: Services, instrument: str) -> date:
    """The expiry whose chain is the one to look at now: on a day of expiry, from its close on, the one after it."""
    ahead = await _expiries(rules).ahead(instrument, _today(rules, instrument))
    if not ahead:
        raise ApiError(404, f"no options of {instrument} are listed that are still to expire", code="no_options")
    return ahead[0].expiry


async def _nearest(rules: Services, instrument: str, day: date) -> date:
    """The first expiry from a day on, also in its evening: the past of that day is the past of the chain that ended then."""
    found = await _expiries(rules).since(instrument, day)
    if not found:
        raise ApiError(404, f"no options of {instrument} are listed that expire on {day} or later", code="no_options")
    return found[0].expiry


def _expiries(rules: Services) -> OptionExpiries:
    return OptionExpiries(rules.durable, rules.directory.listing.calendars, now_ns=rules.system.clock.now_ns)


def _today(rules: Services, instrument: str) -> date:
    return rules.directory.calendar(instrument).session_date(rules.system.clock.now_ns())
