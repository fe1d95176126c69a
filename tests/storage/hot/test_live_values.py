"""The contract of the newest values and the closed candles, the same on both kinds of server."""

import itertools

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.candle import Candle, CandleState
from engine.storage.hot import HotStore
from engine.storage.hot.codec import candle_of_json, live_json, pack_candle, unpack_candle
from tests.storage.samples import MINUTE_NS, NOW, bar, bars, report, revised

pytestmark = pytest.mark.anyio


async def test_a_flush_leaves_price_quote_state_and_forming_candle(hot: HotStore) -> None:
    written = report()

    await hot.write_live([written])

    assert await hot.prices(["NSE_EQ:1333"]) == [2459.95]
    assert await hot.quotes(["NSE:RELIANCE"]) == {"NSE:RELIANCE": written.quote}
    assert await hot.states(["NSE:RELIANCE"]) == {"NSE:RELIANCE": written.state}
    assert await hot.live_candles([("NSE:RELIANCE", "1m")]) == {("NSE:RELIANCE", "1m"): written.forming[0]}


async def test_what_is_written_looks_and_expires_as_the_contract_says(hot: HotStore) -> None:
    forming = tuple(
        bar(timeframe=timeframe, minutes_ago=0, state=CandleState.FORMING) for timeframe in ("1m", "5m", "1d")
    )
    await hot.write_live([report(forming=forming)])

    call = hot._link.call
    assert await call("GET", "ltp:NSE_EQ:1333") == b"2459.95"
    assert msgpack.unpackb(await call("GET", "quote:NSE:RELIANCE"))["provider"] == "dhan"
    live = msgspec.json.decode(await call("GET", "live:NSE:RELIANCE:1m:current"))
    assert live == {
        "time": NOW // 10**9,
        "open": 2456.05,
        "high": 2460.1,
        "low": 2450.35,
        "close": 2459.95,
        "volume": 12345,
        "state": "forming",
        "rev": 0,
        "source": "dhan",
    }
    expiries = {
        "ltp:NSE_EQ:1333": 30,
        "quote:NSE:RELIANCE": 86400,
        "state:NSE:RELIANCE": 86400,
        "live:NSE:RELIANCE:1m:current": 120,
        "live:NSE:RELIANCE:5m:current": 360,
        "live:NSE:RELIANCE:1d:current": 90060,
    }
    for name, seconds in expiries.items():
        assert seconds - 2 <= await call("TTL", name) <= seconds, name


async def test_an_unmapped_instrument_has_no_price_key(hot: HotStore) -> None:
    await hot.write_live([report(segment_key="")])

    assert await hot._link.call("KEYS", "ltp:*") == []
    assert "NSE:RELIANCE" in await hot.quotes(["NSE:RELIANCE"])


async def test_thousands_of_reports_are_one_flush(hot: HotStore) -> None:
    names = [f"NSE:SYM{number}" for number in range(4_500)]
    await hot.write_live([report(name, f"NSE_EQ:{number}", price=float(number)) for number, name in enumerate(names)])

    assert await hot.prices([f"NSE_EQ:{number}" for number in range(4_500)]) == [float(n) for n in range(4_500)]
    assert (await hot.quotes(names)).keys() == set(names)


async def test_what_is_not_there_is_left_out_or_none(hot: HotStore) -> None:
    await hot.write_live([report()])

    assert await hot.prices(["NSE_EQ:9", "NSE_EQ:1333"]) == [None, 2459.95]
    assert await hot.prices([]) == []
    assert await hot.quotes(["NSE:NOPE"]) == {}
    assert await hot.states([]) == {}
    assert await hot.live_candles([("NSE:RELIANCE", "5m")]) == {}
    assert await hot.candles("NSE:NOPE", "1m", 0, NOW) == []
    assert await hot.candles_many([], "1m", 0, NOW) == {}


async def test_closed_candles_come_back_as_they_were_written(hot: HotStore) -> None:
    written = [
        bar(minutes_ago=5, open_interest=77_000),
        bar(minutes_ago=4, source="dhan/ticks", resolve_required=True),
        bar(minutes_ago=3, state=CandleState.REVISED, revision=12, volume=10**13),
        bar(minutes_ago=2, source="", open_interest=0),
        bar(minutes_ago=1, close=0.05, low=0.05),
    ]

    await hot.write_candles(written)

    assert await hot.candles("NSE:RELIANCE", "1m", NOW - 10 * MINUTE_NS, NOW) == written
    assert await hot.candles("NSE:RELIANCE", "1m", 0, NOW + 400 * 86_400 * 10**9) == written


async def test_when_a_candle_was_published_comes_back_to_the_millisecond(hot: HotStore) -> None:
    published_ns = NOW + 1_234 * 1_000_000
    await hot.write_candles([bar(minutes_ago=2), bar(published_ns=published_ns)])
    found = await hot.candles("NSE:RELIANCE", "1m", NOW - 9 * MINUTE_NS, NOW)
    assert [candle.published_ns for candle in found] == [0, published_ns]


async def test_a_range_holds_its_start_and_not_its_end(hot: HotStore) -> None:
    written = bars(5)
    await hot.write_candles(written)

    assert await hot.candles("NSE:RELIANCE", "1m", written[1].time, written[3].time) == written[1:3]
    assert await hot.candles("NSE:RELIANCE", "1m", written[1].time + 1, written[3].time + 1) == written[2:4]
    assert await hot.candles("NSE:RELIANCE", "1m", written[3].time, written[1].time) == []


async def test_a_revision_replaces_and_a_repeat_changes_nothing(hot: HotStore) -> None:
    first = bar(open_interest=5)
    second = revised(first, close=1.5, open_interest=None)

    for candles in ([first], [first], [second], [second]):
        await hot.write_candles(candles)

    assert await hot.candles("NSE:RELIANCE", "1m", 0, NOW) == [second]


async def test_many_instruments_are_read_at_once(hot: HotStore) -> None:
    names = [f"NSE:SYM{number}" for number in range(450)]
    written = {name: bars(3, name) for name in names}
    await hot.write_candles(list(itertools.chain.from_iterable(written.values())))

    assert await hot.candles_many([*names, "NSE:NOPE"], "1m", NOW - 5 * MINUTE_NS, NOW) == written
    assert await hot.candles_many(names[:25], "1m", 0, NOW) == {name: written[name] for name in names[:25]}


async def test_timeframes_do_not_mix(hot: HotStore) -> None:
    minute, hour = bar(timeframe="1m"), bar(timeframe="1h", close=7.0)
    await hot.write_candles([minute, hour])

    assert await hot.candles("NSE:RELIANCE", "1m", 0, NOW) == [minute]
    assert await hot.candles("NSE:RELIANCE", "1h", 0, NOW) == [hour]


async def test_a_buffer_holds_the_newest_500_of_watched_instruments_each_once(hot: HotStore) -> None:
    candles = bars(620)
    others = bars(3, "NSE:TCS")

    for batch in (candles[:300], candles[300:], candles[300:], others):
        await hot.write_candles(batch, {"NSE:RELIANCE"})

    assert await hot.buffer("NSE:RELIANCE", "1m") == candles[:119:-1]
    assert await hot.buffer("NSE:TCS", "1m") == []
    assert 595 <= await hot._link.call("TTL", "live:NSE:RELIANCE:1m:buffer") <= 600


async def test_a_revision_takes_its_place_in_the_buffer_and_an_older_one_does_not(hot: HotStore) -> None:
    oldest, middle, newest = bars(3)
    late = bar(minutes_ago=10)
    watched = {"NSE:RELIANCE"}
    await hot.write_candles([oldest, middle, newest], watched)

    await hot.write_candles([revised(middle, 2), revised(middle, 1), revised(oldest, 1)], watched)
    await hot.write_candles([middle, late], watched)

    assert await hot.buffer("NSE:RELIANCE", "1m") == [newest, revised(middle, 2), revised(oldest, 1), late]


PRICES = st.floats(min_value=0.0001, max_value=1e9)
CANDLES = st.builds(
    Candle,
    instrument=st.just("NSE:X"),
    timeframe=st.just("1m"),
    time=st.integers(0, 10**7).map(lambda minute: minute * MINUTE_NS),
    open=PRICES,
    high=PRICES,
    low=PRICES,
    close=PRICES,
    volume=st.integers(0, 10**15),
    open_interest=st.none() | st.integers(0, 10**12),
    state=st.sampled_from(CandleState),
    revision=st.integers(0, 1000),
    source=st.text(max_size=10),
    resolve_required=st.booleans(),
)


@pytest.mark.parametrize("form", ["json", "msgpack"])
@given(candle=CANDLES)
def test_every_candle_survives_its_form(form: str, candle: Candle) -> None:
    if form == "json":
        assert candle_of_json("NSE:X", "1m", live_json(candle)) == candle
    else:
        assert unpack_candle("NSE:X", "1m", candle.time // 10**9, pack_candle(candle)) == candle
