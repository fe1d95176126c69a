"""The exchange's memory: candles of what it has streamed, up to the trade it streamed last."""

from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec
import trio

from engine.market.candle import Candle, CandleState
from engine.providers.simulator.hours import DAY_NS, INDIA_NS, MINUTE_NS, indian_date, indian_midnight
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.tape import Market, Tape, Trade


async def minutes(market: Market, index: int, start_ns: int, end_ns: int, *, now_ns: int) -> list[Candle]:
    """The minutes that open in ``[start_ns, end_ns)``, the last one as far as it has got by now."""
    this_minute = now_ns // MINUTE_NS * MINUTE_NS
    candles: list[Candle] = []
    for first, last in _by_day(start_ns, min(end_ns, this_minute)):
        candles += market.minutes(index, first, last)
        await trio.lowlevel.checkpoint()  # a long range must not hold up the live feed
    if start_ns <= this_minute < end_ns:
        candles += forming_minute(market, index, now_ns)
    return candles


async def days(market: Market, index: int, start_ns: int, end_ns: int, *, now_ns: int) -> list[Candle]:
    """The days whose Indian midnights lie in ``[start_ns, end_ns)``, today as far as it has got by now."""
    today = indian_midnight(indian_date(now_ns))
    candles = market.days(index, start_ns, min(end_ns, today))
    if start_ns <= today < end_ns:
        candles += merge(
            await minutes(market, index, today, now_ns + 1, now_ns=now_ns), "1d", DAY_NS, origin_ns=-INDIA_NS
        )
    return candles


def forming_minute(market: Market, index: int, now_ns: int) -> list[Candle]:
    """The minute that goes on, if anything has been traded in it."""
    tape = market.tape(index, now_ns)
    candle = None if tape is None else aggregate(market.listings[index], tape, upto_ns=now_ns)
    return [] if candle is None else [msgspec.structs.replace(candle, state=CandleState.FORMING)]


def aggregate(listing: Listing, tape: Tape, *, upto_ns: int) -> Candle | None:
    """The candle of a minute's trades up to a moment; None without any."""
    events = (tape.event(number) for number, moment in enumerate(tape.times) if moment <= upto_ns)
    trades = [event for event in events if isinstance(event, Trade)]
    if not trades:
        return None
    prices = [trade.price for trade in trades]
    return Candle(
        listing.instrument,
        "1m",
        tape.opens_ns,
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        max(trade.volume for trade in trades) - tape.volume_before,
        open_interest=trades[-1].open_interest if listing.expiry else None,
        state=CandleState.FINAL,
        source="simulator",
    )


def merge(candles: Iterable[Candle], timeframe: str, length_ns: int, *, origin_ns: int) -> list[Candle]:
    """Candles of a longer timeframe, whose buckets are counted from an origin."""

    def bucket(candle: Candle) -> int:
        return (candle.time - origin_ns) // length_ns * length_ns + origin_ns

    return [_merged(time_ns, list(parts), timeframe) for time_ns, parts in groupby(candles, key=bucket)]


def _merged(time_ns: int, parts: list[Candle], timeframe: str) -> Candle:
    return msgspec.structs.replace(
        parts[-1],
        timeframe=timeframe,
        time=time_ns,
        open=parts[0].open,
        high=max(part.high for part in parts),
        low=min(part.low for part in parts),
        volume=sum(part.volume for part in parts),
    )


def _by_day(start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
    while start_ns < end_ns:
        upto = min(start_ns + DAY_NS, end_ns)
        yield start_ns, upto
        start_ns = upto
