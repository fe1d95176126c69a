"""Snapshots: the newest values of topics, read from the hot store."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec

from engine.market.candle import Candle
from engine.market.chain_snapshot import ChainSnapshot
from engine.market.depth import Depth, pack_depth
from engine.market.timeframe import length_s
from engine.market.views import LONGEST_GAP_NS
from engine.storage.hot import HotStore
from web.hub import Hub, Topic, followed
from web.protocol import CandleValue, ChainValue, DepthValue, Kind, Notice, PriceValue, Status

_SECOND_NS = 1_000_000_000
_GRACE_NS = 5 * _SECOND_NS


async def load(hot: HotStore, hub: Hub, topics: Iterable[Topic], now_ns: int) -> None:
    """Gives the hub what the store has for these topics; older than what it knows changes nothing."""
    wanted = list(topics)
    prices = followed(topic for topic in wanted if topic.key[0] is Kind.LTP)
    candles = list(
        dict.fromkeys((topic.instrument, topic.timeframe) for topic in wanted if topic.key[0] is Kind.CANDLE)
    )
    if prices:
        for instrument, quote in (await hot.quotes(prices)).items():
            hub.put_quote(price_of_quote(instrument, quote))
    await load_closes(hot, hub, hub.begun(candles), now_ns)
    if candles:
        for candle in (await hot.live_candles(candles)).values():
            if candle.time + length_s(candle.timeframe) * _SECOND_NS + _GRACE_NS > now_ns:
                hub.put_forming(value_of_candle(candle))
    chains = [(topic.instrument, date.fromisoformat(topic.key[2])) for topic in wanted if topic.key[0] is Kind.CHAIN]
    for snapshot in (await hot.chains(chains)).values():
        hub.put_chain(value_of_chain(snapshot))
    for book in (await hot.depths(followed(topic for topic in wanted if topic.key[0] is Kind.DEPTH))).values():
        hub.put_depth(value_of_depth(book))
    if any(topic.key[0] is Kind.SYS for topic in wanted):
        hub.put_system(Notice({"processes": await hot.trees()}))
    if any(topic.key[0] is Kind.STATUS for topic in wanted):
        hub.put_statuses(statuses_of(await hot.heartbeat() or {}))


async def load_closes(hot: HotStore, hub: Hub, candles: Iterable[tuple[str, str]], now_ns: int) -> None:
    """Gives the views of these instruments and timeframes what they go on from."""
    for instrument, timeframe in candles:
        first_ns = now_ns - LONGEST_GAP_NS - 2 * length_s(timeframe) * _SECOND_NS
        hub.put_closes(instrument, timeframe, await hot.candles(instrument, timeframe, first_ns, now_ns + 1))


def statuses_of(heartbeat: dict[str, Any]) -> list[Status]:
    """How each feed is, as the engine's heartbeat tells it."""
    feeds: dict[str, dict[str, Any]] = heartbeat.get("feeds", {})
    return [
        Status(feed["status"], feed["since"], feed["why"], feed=name, cause=feed.get("cause", ""))
        for name, feed in feeds.items()
    ]


async def load_symbols(hot: HotStore, hub: Hub) -> None:
    """Gives the hub how every instrument is, as the engine last noted it."""
    found = await hot.statuses()
    hub.put_symbols(
        {
            name: Status(told["status"], told["since"], told["why"], symbol=name, cause=told["cause"])
            for name, told in found.items()
        }
    )


def price_of_quote(instrument: str, quote: dict[str, Any]) -> PriceValue:
    """A quote as the contract keeps it (``quote:{symbol}``)."""
    return PriceValue(
        instrument,
        quote["ltp"],
        volume=quote.get("volume"),
        oi=quote.get("oi"),
        bid=quote.get("bid"),
        ask=quote.get("ask"),
        ts_event=quote.get("ts_event") or 0,
        day_open=quote.get("open"),
        day_high=quote.get("high"),
        day_low=quote.get("low"),
        previous_close=quote.get("previous_close"),
    )


def value_of_chain(snapshot: ChainSnapshot) -> ChainValue:
    packed = msgspec.msgpack.encode(snapshot)
    return ChainValue(snapshot.underlying, snapshot.expiry.isoformat(), snapshot.as_of, packed)


def value_of_depth(book: Depth) -> DepthValue:
    return DepthValue(book.instrument, book.ts_recv // 1_000_000, pack_depth(book))


def value_of_candle(candle: Candle) -> CandleValue:
    return CandleValue(candle.instrument, candle.timeframe, candle.time, *candle.row[:-1])
