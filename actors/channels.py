"""The wire form of what the engine tells everybody: Redis channels and the entries of ``events``.

``market_data`` is contract.md's own layout. ``live_candles`` grows it: the forming candles of watched instruments,
``[1, epoch, offset, [[symbol, timeframe, time_ns, open, high, low, close, volume, oi, state, revision, source], …]]``.
``live_chains`` brings one option chain a message: ``[1, epoch, offset, underlying, expiry, as_of_ms, snapshot]``.
``depth`` brings the books that changed: ``[1, epoch, offset, ts_ns, [book, …]]``, each as ``pack_depth`` packs it.
An entry of ``events`` is a map with ``kind`` ``candle``, ``status``, ``alert``, ``user_alert``, ``jobs``, ``screener`` or ``order``; a
status is of a ``feed`` or of ``symbols``.
"""

from collections.abc import Iterable

import msgspec

from actors.messages import Alert, FeedStatus, SymbolStatus
from engine.market import Candle, CandleState, Tick
from engine.market.chain_snapshot import ChainSnapshot
from engine.market.depth import Depth, pack_depth
from engine.providers.base import Notification
from engine.storage.durable import Job
from engine.storage.durable.alerts import FiredAlert
from engine.storage.packing import pack

MARKET_DATA = "market_data"
LIVE_CANDLES = "live_candles"
LIVE_CHAINS = "live_chains"
DEPTH = "depth"
VERSION = 1
MILLISECOND_NS = 1_000_000


def encode_market_data(epoch: int, offset: int, ts_ns: int, ticks: Iterable[Tick]) -> bytes:
    """One publish flush: the newest tick of every instrument that traded since the flush before."""
    rows = [
        (
            tick.instrument,
            tick.price,
            tick.size,
            tick.volume,
            tick.open_interest,
            tick.bid,
            tick.ask,
            tick.ts_event,
            tick.day_open,
            tick.day_high,
            tick.day_low,
        )
        for tick in ticks
    ]
    return pack([VERSION, epoch, offset, ts_ns, rows])


def encode_live_candles(epoch: int, offset: int, candles: Iterable[Candle]) -> bytes:
    rows = [(candle.instrument, candle.timeframe, candle.time, *candle.row[:-1]) for candle in candles]
    return pack([VERSION, epoch, offset, rows])


def encode_live_chain(epoch: int, offset: int, snapshot: ChainSnapshot) -> bytes:
    """The newest of one chain; where and when it is stands before it, so that nobody has to read all to know."""
    return _to_msgpack(
        (VERSION, epoch, offset, snapshot.underlying, snapshot.expiry, snapshot.as_of, snapshot),
    )


def encode_depths(epoch: int, offset: int, ts_ns: int, books: Iterable[Depth]) -> bytes:
    """One flush: the newest book of every instrument whose book has changed since the flush before."""
    return _to_msgpack((VERSION, epoch, offset, ts_ns, [msgspec.Raw(pack_depth(book)) for book in books]))


class _CandleBody(msgspec.Struct, gc=False):
    """Names for a candle's row, without whether it was flagged, which is no client's concern; times in ms UTC."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    oi: int | None
    state: CandleState
    rev: int
    source: str
    published: int = 0


class _CandleEvent(msgspec.Struct, tag_field="kind", tag="candle", gc=False):
    symbol: str
    timeframe: str
    candle: _CandleBody


class _Kind(msgspec.Struct, gc=False):
    kind: str = ""


_to_msgpack = msgspec.msgpack.Encoder().encode
_kind_of = msgspec.msgpack.Decoder(_Kind).decode
_candle_event_of = msgspec.msgpack.Decoder(_CandleEvent).decode


def encode_candle_event(candle: Candle) -> bytes:
    """A final or revised candle, as clients of ``candle.*`` get it."""
    published = candle.published_ns // MILLISECOND_NS
    body = _CandleBody(candle.time // MILLISECOND_NS, *candle.row[:-1], published)
    return _to_msgpack(_CandleEvent(candle.instrument, candle.timeframe, body))


def decode_candle_event(payload: bytes) -> Candle | None:
    """The candle of an entry of ``events``; None when the entry tells of something else."""
    if _kind_of(payload).kind != "candle":
        return None
    event = _candle_event_of(payload)
    time, *row, published = msgspec.structs.astuple(event.candle)
    return Candle(event.symbol, event.timeframe, time * MILLISECOND_NS, *row, published_ns=published * MILLISECOND_NS)


def encode_job_event(job: Job) -> bytes:
    """How far a job is; ``progress`` from 0 to 1."""
    return pack(
        {
            "kind": "jobs",
            "id": job.id,
            "job": job.kind,
            "status": job.status,
            "progress": job.progress,
            "message": job.message,
            "done": job.done,
            "total": job.total,
        }
    )


def encode_screener_event(job: Job) -> bytes:
    """How far the run of a screener is; ``progress`` from 0 to 1. ``owner`` is empty where the screener is everybody's."""
    return pack(
        {
            "kind": "screener",
            "screener": job.arguments["screener"],
            "owner": job.arguments["owner"],
            "job": job.id,
            "status": job.status,
            "progress": job.progress,
            "message": job.message,
        }
    )


def encode_status_event(status: FeedStatus) -> bytes:
    """How a feed is; ``since`` in ms UTC."""
    return pack(
        {
            "kind": "status",
            "feed": f"{status.provider}/{status.connection}",
            "status": status.status,
            "since": status.since_ns // MILLISECOND_NS,
            "why": status.why,
            "cause": status.cause,
        }
    )


def encode_symbols_event(status: SymbolStatus) -> bytes:
    """How some instruments are; ``since`` in ms UTC."""
    return pack(
        {
            "kind": "status",
            "symbols": status.instruments,
            "status": status.status,
            "since": status.since_ns // MILLISECOND_NS,
            "why": status.why,
            "cause": status.cause,
        }
    )


def encode_alert_event(alert: Alert) -> bytes:
    """Something an operator should know; ``symbol`` is empty where it is about several, ``at`` in ms UTC."""
    return pack(
        {
            "kind": "alert",
            "symbol": alert.instrument,
            "message": alert.words,
            "at": alert.at_ns // MILLISECOND_NS,
        }
    )


def encode_fired_alert_event(alert: FiredAlert) -> bytes:
    """What a user's rule told; the same ``id`` may come twice. ``at`` in ms UTC."""
    return pack(
        {
            "kind": "user_alert",
            "id": alert.id,
            "owner": alert.owner,
            "rule": alert.rule,
            "name": alert.name,
            "about": alert.kind,
            "symbol": alert.instrument,
            "message": alert.message,
            "value": alert.value,
            "is_test": alert.is_test,
            "at": alert.at_ns // MILLISECOND_NS,
        }
    )


def encode_order_event(notification: Notification, owner: str) -> bytes:
    """What a provider told of an order or a trade, and the user whose account it is; ``at`` in ms UTC."""
    return pack(
        {
            "kind": "order",
            "provider": notification.provider,
            "what": notification.kind,
            "at": notification.at_ns // MILLISECOND_NS,
            "data": dict(notification.data),
            "owner": owner,
        }
    )
