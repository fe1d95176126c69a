import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.tick import Tick
from engine.providers.base import Route
from engine.providers.yahoo.decoder import YahooDecoder
from tests.providers.yahoo.routes import APPLE, BITCOIN, GOLD, NIFTY, NOW_MS, NOW_NS, RELIANCE, SECOND, message

HOUR_MS = 3_600_000


def ticks_of(decoder: YahooDecoder, *frames: bytes, ts_recv: int = NOW_NS) -> list[Tick]:
    return [tick for frame in frames for _, tick in decoder.decode(frame, ts_recv)]


def test_a_message_becomes_a_tick_on_the_price_grid() -> None:
    frame = message(
        price=271.4900024,
        day_volume=59_030_832,
        day_high=273.3299865,
        day_low=265.6700134,
        open_price=265.9500122,
        previous_close=266.25,
        bid=271.4800109,
        ask=271.5,
    )

    assert YahooDecoder([APPLE]).decode(frame, NOW_NS + 7) == [
        (
            "apple",
            Tick(
                instrument="NASDAQ:AAPL",
                price=271.49,
                size=0,
                volume=59_030_832,
                ts_event=NOW_NS,
                ts_recv=NOW_NS + 7,
                provider="yahoo",
                bid=271.48,
                ask=271.5,
                day_open=265.95,
                day_high=273.33,
                day_low=265.67,
                previous_close=266.25,
            ),
        )
    ]


def test_what_a_sparse_message_leaves_out_was_told_before() -> None:
    first = message(day_high=273.33, day_low=265.67, open_price=265.95, previous_close=266.25, bid=271.48, ask=271.5)

    _, tick = ticks_of(YahooDecoder([APPLE]), first, message(price=271.6, ask=271.65))

    assert (tick.price, tick.bid, tick.ask) == (271.6, 271.48, 271.65)
    assert (tick.day_open, tick.day_high, tick.day_low, tick.previous_close) == (265.95, 273.33, 265.67, 266.25)


def test_a_message_without_volume_says_nothing_about_it() -> None:
    """To repeat yesterday's total on the first trade of today would count it all again."""
    ticks = ticks_of(YahooDecoder([APPLE]), message(day_volume=100), message())

    assert [tick.volume for tick in ticks] == [100, None]


def test_before_the_open_the_total_may_be_yesterdays_and_is_not_told() -> None:
    ticks = ticks_of(YahooDecoder([APPLE]), message(day_volume=9_000, market_hours=0), message(day_volume=10))

    assert [tick.volume for tick in ticks] == [None, 10]


def test_an_index_has_no_volume_whatever_is_sent() -> None:
    (tick,) = ticks_of(YahooDecoder([NIFTY]), message(id="^NSEI", price=26068.15, day_volume=5, last_size=5))

    assert (tick.instrument, tick.price, tick.volume, tick.size) == ("NSE:NIFTY", 26068.15, None, 0)


def test_the_size_of_a_trade_counts_only_within_what_the_total_moved() -> None:
    frames = [
        message(day_volume=1_000, last_size=100),
        message(day_volume=1_300, last_size=100),
        message(day_volume=1_300, last_size=100),
        message(day_volume=1_350, last_size=100),
        message(day_volume=1_500),
    ]

    assert [tick.size for tick in ticks_of(YahooDecoder([APPLE]), *frames)] == [0, 100, 0, 0, 0]


def test_the_previous_close_follows_from_the_change_of_the_regular_session() -> None:
    decoder = YahooDecoder([APPLE])

    before, within, after = ticks_of(
        decoder,
        message(price=270.1, change=3.85, market_hours=0),
        message(price=271.49, change=5.2399902),
        message(price=271.0, change=-0.49, market_hours=2),
    )

    assert before.previous_close is None
    assert within.previous_close == after.previous_close == 266.25


def test_a_price_outside_the_range_of_the_day_makes_that_range_unknown() -> None:
    told = message(price=272.0, day_high=273.33, day_low=265.67)

    _, above, below = ticks_of(YahooDecoder([APPLE]), told, message(price=273.34), message(price=265.66))

    assert (above.day_high, above.day_low) == (None, 265.67)
    assert (below.day_high, below.day_low) == (None, None)


@pytest.mark.parametrize(
    "following",
    [message(time=NOW_MS + 17 * HOUR_MS), message(time=NOW_MS + HOUR_MS, day_volume=12)],
    ids=["after a night", "when the total begins anew"],
)
def test_a_new_day_knows_nothing_of_the_day_before(following: bytes) -> None:
    told = message(
        price=272.0, day_high=273.33, open_price=265.95, previous_close=266.25, bid=1.0, day_volume=1_000_000
    )

    _, tick = ticks_of(YahooDecoder([APPLE]), told, following, ts_recv=NOW_NS + 18 * 3600 * SECOND)

    assert (tick.day_open, tick.day_high, tick.previous_close, tick.bid) == (None, None, None, None)


def test_open_interest_rides_on_the_ticks_after_it() -> None:
    gold = {"id": "GC=F", "price": 4_080.1}

    ticks = ticks_of(YahooDecoder([GOLD]), message(**gold, open_interest=311_000), message(**gold))

    assert [tick.open_interest for tick in ticks] == [311_000, 311_000]


@pytest.mark.parametrize("time", [0, -1, 1, NOW_MS + 61_000, 2**62])
def test_a_time_that_is_absent_or_absurd_gives_way_to_that_of_receipt(time: int) -> None:
    decoder = YahooDecoder([APPLE])

    (tick,) = ticks_of(decoder, message(time=time))

    assert (tick.ts_event, decoder.statistics().untimed) == (NOW_NS, 1)


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf"), 1e30])
def test_without_a_price_there_is_no_tick_but_the_rest_is_kept(price: float) -> None:
    decoder = YahooDecoder([APPLE])

    (tick,) = ticks_of(decoder, message(price=price, bid=271.4), message())

    assert tick.bid == 271.4
    statistics = decoder.statistics()
    assert (statistics.packets, statistics.ticks, statistics.unpriced) == (2, 1, 1)


def test_without_a_tick_size_a_price_is_the_shortest_that_fits() -> None:
    route = Route("NASDAQ:AAPL", "NASDAQ", "AAPL", 0.0, "equity")

    (tick,) = ticks_of(YahooDecoder([route]), message(price=271.49, change=5.24))

    assert (tick.price, tick.previous_close) == (271.49, None)


def test_unknown_symbols_are_counted_and_sampled() -> None:
    decoder = YahooDecoder([APPLE])

    assert not ticks_of(decoder, message(id="MSFT"), message(id="MSFT"), message(id="x" * 500))
    statistics = decoder.statistics()
    assert statistics.unmapped == 3
    assert statistics.unmapped_sample == ("MSFT", "x" * 40)


def test_routes_come_and_go() -> None:
    decoder = YahooDecoder()
    decoder.add([RELIANCE])
    frame = message(id="RELIANCE.NS", price=1_546.6)

    assert [tick.instrument for tick in ticks_of(decoder, frame)] == ["NSE:RELIANCE"]
    decoder.remove([RELIANCE, APPLE])
    assert not ticks_of(decoder, frame)


MALFORMED = [
    b"",
    b"{",
    b"[]",
    b'{"message":7}',
    b'{"message":"?"}',
    b'{"message":"/////w=="}',
    b"\xff",
    b'{"a":' * 9_000,
]


@pytest.mark.parametrize("frame", MALFORMED)
def test_what_is_no_message_is_counted(frame: bytes) -> None:
    decoder = YahooDecoder([APPLE])

    assert decoder.decode(frame, NOW_NS) == []
    assert (decoder.statistics().frames, decoder.statistics().malformed) == (1, 1)


def test_a_frame_of_another_kind_is_counted_as_such() -> None:
    decoder = YahooDecoder([APPLE])

    assert decoder.decode(b'{"status":"ok"}', NOW_NS) == []
    assert decoder.statistics().unknown_codes == 1


@given(st.binary(max_size=200), st.integers(0, 2**63))
def test_any_bytes_are_survived(frame: bytes, ts_recv: int) -> None:
    decoder = YahooDecoder([APPLE])

    assert decoder.decode(frame, ts_recv) == []
    assert decoder.statistics().frames == 1


FLOATS = st.floats(width=32)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
FIELDS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("price", "day_high", "day_low", "open_price", "previous_close", "bid", "ask", "change"), FLOATS
    )
    | dict.fromkeys(("time", "day_volume", "last_size", "vol_24hr", "open_interest"), INTEGERS),
)


@given(st.lists(FIELDS, max_size=5))
def test_any_figures_are_survived_and_all_messages_accounted_for(messages: list[dict[str, float]]) -> None:
    decoder = YahooDecoder([APPLE])
    ticks = ticks_of(decoder, *(message(**fields) for fields in messages))

    statistics = decoder.statistics()
    assert statistics.packets == len(messages) == len(ticks) + statistics.unpriced
    assert all(0 < tick.price < 1e9 and tick.size >= 0 and (tick.volume or 1) > 0 for tick in ticks)
    assert all(tick.day_high is None or tick.day_high >= tick.price for tick in ticks)


@given(st.binary(max_size=60), st.integers(0, 60))
def test_any_damage_to_a_message_is_survived(noise: bytes, at: int) -> None:
    frame = message(day_volume=5)
    decoder = YahooDecoder([APPLE])

    decoder.decode(frame[:at] + noise + frame[at + len(noise) :], NOW_NS)

    statistics = decoder.statistics()
    counted = (
        statistics.ticks + statistics.unmapped + statistics.malformed + statistics.unpriced + statistics.unknown_codes
    )
    assert counted == 1


@pytest.mark.recorded
def test_the_recorded_message_of_bitcoin_is_read(recordings: Path) -> None:
    """Its total is that of the last 24 hours, which never begins anew: it is no volume of a day."""
    decoder = YahooDecoder([BITCOIN])

    (tick,) = ticks_of(
        decoder, (recordings / "yahoo" / "ws_message_btcusd.json").read_bytes(), ts_recv=1_736_509_141 * SECOND
    )

    assert tick == Tick(
        instrument="CRYPTO:BTCUSD",
        price=94_745.08,
        size=0,
        volume=None,
        ts_event=1_736_509_140 * SECOND,
        ts_recv=1_736_509_141 * SECOND,
        provider="yahoo",
        day_open=92_529.99,
        day_high=95_227.55,
        day_low=92_517.22,
        previous_close=93_313.19,
    )


def test_decoding_needs_no_import_of_yfinance() -> None:
    """It would cost two seconds and a hundred megabytes in each process that has a feed."""
    program = (
        "import sys; from engine.providers.yahoo.decoder import YahooDecoder;"
        "assert 'google.protobuf' not in sys.modules; YahooDecoder().decode(b'{}', 1);"
        "print([name for name in ('yfinance', 'pandas', 'curl_cffi') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert json.loads(done.stdout) == []
