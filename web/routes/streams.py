"""Streams of prices on the Redis channel ``live_ltp_updates``: one a set of instruments, however many want it."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta
from quart import Blueprint, Response

from engine.storage.hot import PriceStream
from web.accounts.principal import SCREENERS, Principal
from web.answers import DataKind, answer, data_kind, items
from web.errors import ApiError
from web.openapi import Body, Page, document_errors, document_response, validate_request
from web.prices import MOST_KEYS, instruments_of
from web.routes.commands import audit
from web.routes.found_screeners import found_screener, shown_instruments
from web.routes.guards import principal, require_scope
from web.services import services
from web.streams import NotCarriedError, StreamChange, TooManyStreamsError, key_of, opens_ns, trades_now
from web.streams.price_publisher import CHANNEL

blueprint = Blueprint("streams", __name__, url_prefix="/screeners/ltp")
blueprint.before_request(require_scope(SCREENERS))

NEXT_TRY_S = 5.0

Keys = Annotated[list[str], Meta(description="Symbols or segment keys, up to 1,000.")]
ScreenerId = Annotated[
    str, Meta(description="Instead of keys: a screener; what it found last is meant, before its first run its list.")
]


class StreamWanted(Body, frozen=True, kw_only=True):
    """Of which prices; either ``keys`` or a ``screener``."""

    keys: Keys | None = None
    screener: ScreenerId | None = None


class StreamUnwanted(Body, frozen=True, kw_only=True):
    """Which stream: its ``stream`` key, or what it was started with."""

    keys: Keys | None = None
    screener: ScreenerId | None = None
    stream: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")] | None = None


class StreamAnswer(msgspec.Struct, frozen=True):
    """What became of a wish."""

    status: StreamChange
    stream: Annotated[str, Meta(description="The key of the set: the same for the same instruments.")]
    channel: str
    instruments: Annotated[int, Meta(description="How many it carries.")]
    owners: Annotated[int, Meta(description="How many have started it and not stopped it.")]
    unknown: Annotated[list[str], Meta(description="Keys that nobody carries; they are left out.")]
    data: DataKind


class StreamLine(msgspec.Struct, frozen=True):
    """A stream that runs."""

    stream: str
    screener: str
    instruments: int
    owners: int
    is_mine: bool
    started: Annotated[int, Meta(description="Unix milliseconds.")]
    process: Annotated[str, Meta(description="The web process that carries it; empty while none does.")]


@blueprint.get("/")
@document_response(Page[StreamLine])
async def streams() -> Response:
    """The streams that run, the oldest first."""
    owner = _owner(principal())
    return items([_line(stream, owner) for stream in await services().streams.all()])


@blueprint.post("/start")
@validate_request(StreamWanted)
@document_response(StreamAnswer)
@document_errors(404, 409)
async def start(data: StreamWanted) -> Response:
    """Starts a stream, or joins the one of the same instruments that runs already.

    It ends when the last who started it has stopped it, or when its markets close.
    """
    rules, owner = services(), _owner(principal())
    instruments, unknown = await _instruments(data.keys, data.screener)
    _check_trading(instruments)
    try:
        change, stream = await rules.streams.start(instruments, owner, data.screener or "")
    except TooManyStreamsError as error:
        await audit("start_stream", key_of(instruments), outcome="refused")
        raise ApiError(409, str(error), code="too_many_streams") from error
    except NotCarriedError as error:
        raise ApiError(503, "no web process can carry another stream now", retry_after_s=NEXT_TRY_S) from error
    await audit("start_stream", stream.key, outcome=change)
    return _told(change, stream.key, stream, unknown)


@blueprint.post("/stop")
@validate_request(StreamUnwanted)
@document_response(StreamAnswer)
@document_errors(404, 409)
async def stop(data: StreamUnwanted) -> Response:
    """Ends a stream for who started it; it goes on for others who did."""
    key, unknown, owner = data.stream, list[str](), _owner(principal())
    if key is None:
        key, unknown = await _begun(data.keys, data.screener, owner)
    elif data.keys is not None or data.screener is not None:
        raise ApiError(400, 'give one of "keys", "screener" and "stream"')
    change, stream = await services().streams.stop(key, owner)
    await audit("stop_stream", key, outcome=change)
    return _told(change, key, stream, unknown)


async def _begun(keys: list[str] | None, screener: str | None, owner: str) -> tuple[str, list[str]]:
    """Which stream is meant. A screener may have found others since: the one that was begun with it."""
    if keys is None and screener is not None:
        for stream in await services().streams.all():
            if stream.screener == screener and owner in stream.owners:
                return stream.key, []
    instruments, unknown = await _instruments(keys, screener)
    return key_of(instruments), unknown


def _owner(who: Principal) -> str:
    return f"{who.kind}:{who.subject}"


async def _instruments(keys: list[str] | None, screener: str | None) -> tuple[list[str], list[str]]:
    """What is meant, canonical, and what is carried by nobody; of a screener what it found last."""
    if (keys is None) == (screener is None):
        raise ApiError(400, 'give either "keys" or "screener"')
    written = await shown_instruments(await found_screener(screener)) if screener is not None else keys or []
    if screener is not None and not written:
        raise ApiError(409, f"{screener} has found nothing yet: run it", code="nothing_found")
    distinct = list(dict.fromkeys(key.strip() for key in written if key.strip()))
    if not 1 <= len(distinct) <= MOST_KEYS:
        raise ApiError(400, f"give 1 to {MOST_KEYS} keys, was {len(distinct)}")
    instruments, unknown = instruments_of(services().directory, distinct)
    if not instruments:
        raise ApiError(404, "no provider carries any of these", code="unknown_symbol", errors=unknown[:20])
    return instruments, unknown


def _check_trading(instruments: list[str]) -> None:
    rules = services()
    now_ns = rules.system.clock.now_ns()
    if not trades_now(rules.directory, instruments, now_ns):
        next_ns = opens_ns(rules.directory, instruments, now_ns)
        when = "" if next_ns is None else f" until {datetime.fromtimestamp(next_ns // 10**9, UTC):%Y-%m-%d %H:%M} UTC"
        raise ApiError(409, f"the market of these instruments is closed{when}", code="market_closed")


def _told(change: StreamChange, key: str, stream: PriceStream | None, unknown: list[str]) -> Response:
    carried, owners = (0, 0) if stream is None else (len(stream.instruments), len(stream.owners))
    return answer(StreamAnswer(change, key, CHANNEL, carried, owners, unknown, data_kind()))


def _line(stream: PriceStream, owner: str) -> StreamLine:
    return StreamLine(
        stream=stream.key,
        screener=stream.screener,
        instruments=len(stream.instruments),
        owners=len(stream.owners),
        is_mine=owner in stream.owners,
        started=stream.started_ms,
        process=stream.process,
    )
