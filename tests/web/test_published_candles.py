"""What had been published by a time: the events are read once for all symbols of a request, and only if they are needed."""

# pyright: reportPrivateUsage=false

import msgspec
import pytest

from actors.channels import encode_candle_event
from engine.market import Candle
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore, keys
from tests.web.engine import MINUTE, NOON, SYMBOLS, candle
from web.published_candles import EVENTS, MARGIN_NS, PublishedCandles

pytestmark = pytest.mark.anyio

NAMES = [f"NSE:{symbol}" for symbol in SYMBOLS]
LATER = NOON + 100 * MINUTE


def told(minute: int, symbol: str, revision: int = 0, *, timeframe: str = "1m") -> Candle:
    state = "revised" if revision else "final"
    one = candle(minute, 1.0 + revision, state=state, revision=revision, symbol=symbol)
    published_ns = NOON + (minute + 1) * MINUTE + revision * 10**9
    return msgspec.structs.replace(one, timeframe=timeframe, published_ns=published_ns)


async def append(hot: HotStore, candles: list[Candle]) -> None:
    ordered = sorted(candles, key=lambda one: one.published_ns)
    entries = [(f"{one.published_ns // 10**6 + 40}-{i}", encode_candle_event(one)) for i, one in enumerate(ordered)]
    await hot.append_events(entries)


async def readings(hot: HotStore) -> int:
    """How often the stream was read."""
    figures = await hot._link.call("INFO", "commandstats")
    return figures.get("cmdstat_xread", {"calls": 0})["calls"]


async def test_one_reading_of_the_events_serves_all_symbols(hot: HotStore, durable: DurableStore) -> None:
    minutes = [told(minute, symbol, revision) for minute in range(5) for symbol in SYMBOLS for revision in (0, 1)]
    await append(hot, [*minutes, told(0, "TCS", timeframe="5m"), told(0, "SBIN")])
    await durable.save([], checkpoint_ns=NOON)
    before = await readings(hot)
    published = PublishedCandles(hot, durable, "1m", dict.fromkeys(NAMES, NOON + 3 * MINUTE))
    for name in NAMES:
        found = await published.candles(name, NOON, LATER)
        assert [(one.instrument, one.timeframe, one.revision) for one in found.candles] == [
            (name, "1m", 1), (name, "1m", 1), (name, "1m", 0)
        ], "the third had not been revised yet"  # fmt: skip
        assert found.missing == ()
    assert await readings(hot) == before + 1


async def test_each_symbol_has_its_own_time(hot: HotStore, durable: DurableStore) -> None:
    await append(hot, [told(minute, symbol) for minute in range(5) for symbol in SYMBOLS])
    await durable.save([], checkpoint_ns=NOON)
    published = PublishedCandles(
        hot, durable, "1m", {name: NOON + (2 * number + 1) * MINUTE for number, name in enumerate(NAMES)}
    )
    found = [len((await published.candles(name, NOON, LATER)).candles) for name in NAMES]
    assert found == [1, 3, 5]


async def test_what_has_been_saved_for_certain_needs_no_events(hot: HotStore, durable: DurableStore) -> None:
    one = told(0, "TCS")
    await durable.save([one], checkpoint_ns=LATER)
    before = await readings(hot)
    published = PublishedCandles(hot, durable, "1m", {"NSE:TCS": LATER - MARGIN_NS})
    assert (await published.candles("NSE:TCS", NOON, LATER)).candles == [one]
    assert await readings(hot) == before


async def test_what_the_stream_dropped_before_it_was_saved_is_said_to_be_missing(
    hot: HotStore, durable: DurableStore
) -> None:
    await append(hot, [told(minute, "TCS") for minute in range(5)])
    await durable.save([], checkpoint_ns=NOON)
    await hot._link.call("XTRIM", keys.EVENTS, "MAXLEN", 2)
    published = PublishedCandles(hot, durable, "1m", {"NSE:TCS": LATER})
    found = await published.candles("NSE:TCS", NOON, LATER)
    assert ([one.time for one in found.candles], found.missing) == ([NOON + 3 * MINUTE, NOON + 4 * MINUTE], (EVENTS,))

    await durable.save([], checkpoint_ns=NOON + 10 * MINUTE)
    again = PublishedCandles(hot, durable, "1m", {"NSE:TCS": LATER})
    assert (await again.candles("NSE:TCS", NOON, LATER)).missing == (), "what was dropped has been saved"


async def test_what_is_saved_while_a_request_goes_on_is_found_once(hot: HotStore, durable: DurableStore) -> None:
    minutes = {symbol: [told(minute, symbol) for minute in range(3)] for symbol in ("TCS", "INFY")}
    await append(hot, [*minutes["TCS"], *minutes["INFY"]])
    await durable.save([], checkpoint_ns=NOON)
    published = PublishedCandles(hot, durable, "1m", {"NSE:TCS": LATER, "NSE:INFY": LATER})
    assert (await published.candles("NSE:TCS", NOON, LATER)).candles == minutes["TCS"]
    await durable.save([*minutes["TCS"], *minutes["INFY"]], checkpoint_ns=LATER)
    assert (await published.candles("NSE:INFY", NOON, LATER)).candles == minutes["INFY"]
