"""Screeners: what is looked for in many instruments' candles, what was found last, and what that costs now."""

import contextlib
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from quart import Blueprint, Response

from actors.screen_shares import MOST, MOST_OF_ONE
from actors.screen_universe import MOST_INSTRUMENTS, universe_of
from engine.screening import Definition, Result
from engine.storage.durable.screeners import (
    DAILY,
    OwnScreener,
    ScreenerNameError,
    TooManyDailyError,
    TooManyScreenersError,
)
from engine.storage.durable.screenings import Summary
from web.accounts.principal import SCREENERS
from web.answers import DataKind, answer, data_kind, items
from web.errors import ApiError
from web.openapi import Body, Page, document_errors, document_response, guarded, validate_request
from web.prices import Board, board
from web.routes.commands import ENGINE, ask, audit
from web.routes.found_screeners import (
    Found,
    all_screeners,
    found_screener,
    is_number,
    meant,
    newest_result,
    unknown,
)
from web.routes.guards import principal, require_scope, require_user
from web.routes.texts import Line
from web.services import services

blueprint = Blueprint("screeners", __name__, url_prefix="/api/v1/screeners")
blueprint.before_request(require_scope(SCREENERS))

COME_AGAIN_S: Final = 5.0
NO_DEFINITION: Final = "null"


class ScreenerLine(msgspec.Struct, frozen=True):
    """A screener in short."""

    id: str
    name: str
    description: str
    count: Annotated[int, Meta(description="Of the instruments it found last; before its first run, of its list.")]
    is_own: bool
    can_run: Annotated[bool, Meta(description="Whether it looks for something; a list alone does not.")]
    finished: Annotated[int | None, Meta(description="When it was run last, unix milliseconds.")]


class ScreenerPrice(msgspec.Struct, frozen=True):
    """One of its instruments, and its last price."""

    instrument: str
    symbol: str
    price: float | None
    as_of: Annotated[int | None, Meta(description="When it was observed, unix milliseconds.")]


class ScreenerShown(msgspec.Struct, frozen=True):
    """A screener with what it found last, and the prices of it; before its first run, of its list."""

    id: str
    name: str
    description: str
    is_own: bool
    definition: Definition | None
    result: Result | None
    instruments: list[ScreenerPrice]
    missing: Annotated[list[str], Meta(description="Those of which nobody can tell a price now.")]
    timestamp: Annotated[int, Meta(description="When this was answered, unix milliseconds.")]
    data: DataKind


class ScreenerBody(Body, frozen=True, kw_only=True):
    """An own screener as it is to be."""

    name: Annotated[Line, Meta(min_length=1)]
    description: Annotated[str, Meta(max_length=1_000)] = ""
    definition: Definition


class ScreenerKept(msgspec.Struct, frozen=True):
    """An own screener, as it is kept."""

    id: str
    name: str
    description: str
    definition: Definition
    created_at: datetime
    updated_at: datetime


class RunBegun(msgspec.Struct, frozen=True):
    """A run that has begun, or was under way; how far it is the socket tells on ``screening.{id}``."""

    screener: str
    job: str
    instruments: Annotated[int, Meta(description="How many are looked at.")]


@blueprint.get("/")
@document_response(Page[ScreenerLine])
async def screeners() -> Response:
    """Those that are configured, by id, then one's own, by name."""
    found = await all_screeners()
    run = await services().durable.screenings.summaries([one.id for one in found])
    return items([_line(one, run.get(one.id)) for one in found])


@blueprint.post("/")
@guarded(require_user)
@validate_request(ScreenerBody)
@document_response(ScreenerKept, 201)
@document_errors(404, 409)
async def add(data: ScreenerBody) -> Response:
    """A new one of one's own. A definition that can not be meant is refused with every part that is wrong."""
    definition = _written(await meant(data.definition))
    try:
        row = await services().durable.screeners.add(principal().subject, data.name, data.description, definition)
    except TooManyScreenersError as error:
        raise ApiError(409, "no more screeners fit; delete one first", code="too_many_screeners") from error
    except TooManyDailyError as error:
        raise _too_many_daily() from error
    except ScreenerNameError as error:
        raise _taken(data.name) from error
    if row is None:
        raise ApiError(404, "your account is gone")
    await audit("screener_added", f"screener/{row.id}", outcome="done")
    return answer(_kept(row), 201)


@blueprint.get("/<identity>")
@document_response(ScreenerShown)
async def screener(identity: str) -> Response:
    """One of them: ``swing``, ``longterm``, one of the own file, or by its number one of one's own."""
    rules, one = services(), await found_screener(identity)
    result = await newest_result(one)
    names = list(one.instruments) if result is None else [match.instrument for match in result.matches]
    found = await board(rules.hot, rules.directory, rules.last_prices, names)
    return answer(
        ScreenerShown(
            id=one.id,
            name=one.name,
            description=one.description,
            is_own=bool(one.owner),
            definition=one.definition,
            result=result,
            instruments=[_shown(instrument, found) for instrument in names],
            missing=list(found.missing),
            timestamp=rules.system.clock.now_ns() // 1_000_000,
            data=data_kind(),
        )
    )


@blueprint.put("/<identity>")
@guarded(require_user)
@validate_request(ScreenerBody)
@document_response(ScreenerKept)
@document_errors(404, 409)
async def change(identity: str, data: ScreenerBody) -> Response:
    """Rewrites one of one's own as a whole. One that looks for something else now has found nothing yet, and its run ends."""
    number, table, own = _own(identity), services().durable.screeners, principal().subject
    before = await table.one(own, number)
    if before is None:
        raise unknown(identity)
    universe = msgspec.json.decode(before.definition, type=Definition).universe
    definition = _written(await meant(data.definition, universe))
    try:
        row = await table.change(own, number, data.name, data.description, definition)
    except TooManyDailyError as error:
        raise _too_many_daily() from error
    except ScreenerNameError as error:
        raise _taken(data.name) from error
    if row is None:
        raise unknown(identity)
    await audit("screener_changed", f"screener/{identity}", outcome="done")
    await _end_runs(identity, definition)
    return answer(_kept(row))


@blueprint.delete("/<identity>")
@guarded(require_user)
@document_response(ScreenerKept)
@document_errors(404, 409)
async def delete(identity: str) -> Response:
    """Takes one of one's own away, and ends its run; its name is free again."""
    row = await services().durable.screeners.retire(principal().subject, _own(identity))
    if row is None:
        raise unknown(identity)
    await audit("screener_retired", f"screener/{identity}", outcome="done")
    await _end_runs(identity, NO_DEFINITION)
    return answer(_kept(row))


@blueprint.post("/<identity>/run")
@document_response(RunBegun, 202)
@document_errors(404, 409, 504)
async def run(identity: str) -> Response:
    """Looks at the newest candles, as a job of the engine. One that is under way already is not begun again.

    Of one's own, two may be under way at a time.
    """
    one = await found_screener(identity)
    if one.definition is None:
        raise ApiError(409, f"{identity} is a list and looks for nothing", code="not_a_definition")
    instruments = await _universe(one.definition)
    job = await _begun(one, one.definition, instruments)
    return answer(RunBegun(one.id, job, len(instruments)), 202)


async def _begun(one: Found, definition: Definition, instruments: list[str]) -> str:
    under_way = await services().durable.screenings.under_way(_written(definition))
    same = [run.job for run in under_way if run.screener == one.id and run.is_same]
    if same:
        return same[0]
    if one.owner and sum(run.owner == one.owner for run in under_way) >= MOST_OF_ONE:
        raise ApiError(429, f"{MOST_OF_ONE} of your screeners are being run already", retry_after_s=COME_AGAIN_S)
    if len(under_way) >= MOST:
        raise ApiError(503, "so many screeners are being run that this one must wait", retry_after_s=COME_AGAIN_S)
    await audit("run", f"screener/{one.id}")
    written = msgspec.to_builtins(definition)
    job = await ask(ENGINE, "screen", screener=one.id, definition=written, instruments=instruments, owner=one.owner)
    return str(job["id"])


async def _end_runs(identity: str, definition: str) -> None:
    """Those that look for anything else than this. An engine that can not be told so keeps nothing of what they find."""
    for one in await services().durable.screenings.under_way(definition):
        if one.screener == identity and not one.is_same:
            with contextlib.suppress(ApiError):
                await ask(ENGINE, "job", job=one.job, action="cancel")


async def _universe(definition: Definition) -> list[str]:
    found = await universe_of(definition.universe, services().screeners, services().durable.screeners)
    if not found:
        raise ApiError(409, "no instrument is in its universe", code="empty_universe")
    if len(found) > MOST_INSTRUMENTS:
        raise ApiError(409, f"its universe has more than {MOST_INSTRUMENTS:,} instruments", code="too_many_instruments")
    return found


def _own(identity: str) -> int:
    if identity in services().screeners:
        raise ApiError(409, f"{identity} is configured, and nobody's to change here", code="configured")
    if not is_number(identity):
        raise unknown(identity)
    return int(identity)


def _written(definition: Definition) -> str:
    return msgspec.json.encode(definition).decode()


def _kept(row: OwnScreener) -> ScreenerKept:
    definition = msgspec.json.decode(row.definition, type=Definition)
    return ScreenerKept(str(row.id), row.name, row.description, definition, row.created_at, row.updated_at)


def _line(one: Found, run: Summary | None) -> ScreenerLine:
    return ScreenerLine(
        id=one.id,
        name=one.name,
        description=one.description,
        count=len(one.instruments) if run is None else run.found,
        is_own=bool(one.owner),
        can_run=one.definition is not None,
        finished=None if run is None else run.finished,
    )


def _shown(instrument: str, found: Board) -> ScreenerPrice:
    price = found.prices.get(instrument)
    symbol = instrument.partition(":")[2]
    if price is None:
        return ScreenerPrice(instrument, symbol, None, None)
    return ScreenerPrice(instrument, symbol, price.price, price.observed_ms)


def _too_many_daily() -> ApiError:
    told = f"definition.schedule: {DAILY} of your screeners are run daily already; run one of them by hand instead"
    return ApiError(409, told, code="too_many_daily", errors=[told])


def _taken(name: str) -> ApiError:
    return ApiError(409, f"you have a screener named {name!r} already")
