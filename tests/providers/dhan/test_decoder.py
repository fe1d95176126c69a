import csv
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.tick import Tick
from engine.providers.base import Route
from engine.providers.dhan.codec import (
    AnyPacket,
    DepthRow,
    DisconnectPacket,
    FullPacket,
    MalformedPacket,
    MarketStatusPacket,
    OpaquePacket,
    OpenInterestPacket,
    PreviousClosePacket,
    QuotePacket,
    TickerPacket,
    encode,
)
from engine.providers.dhan.decoder import DhanDecoder
from tests.providers.dhan.routes import ABB, HDFCBANK, INDIA_S, NIFTY, NIFTY_FUT, NOW_NS, NOW_S, SECOND
from tests.providers.dhan.test_codec import full_packet, packets

INDIA = timezone(timedelta(hours=5, minutes=30))


def ticks_of(decoder: DhanDecoder, *frame: AnyPacket, ts_recv: int = NOW_NS) -> list[Tick]:
    return [tick for _, tick in decoder.decode(b"".join(map(encode, frame)), ts_recv)]


def quote(route: Route = HDFCBANK, **fields: float) -> QuotePacket:
    wire = {"last_price": 1650.25, "last_trade_time": NOW_S + INDIA_S, "volume": 100, "last_quantity": 10}
    return QuotePacket(1, int(route.security_id), **(wire | fields))  # pyright: ignore[reportArgumentType]


def test_a_quote_becomes_a_tick_on_the_price_grid_and_in_utc() -> None:
    decoder = DhanDecoder([HDFCBANK])
    packet = quote(
        last_price=1650.2999, day_open=1640.0, previous_close=1630.5499, day_high=1660.0, day_low=1635.0, volume=123456
    )

    assert decoder.decode(encode(packet), NOW_NS + 7) == [
        (
            "hdfcbank",
            Tick(
                instrument="NSE:HDFCBANK",
                price=1650.3,
                size=10,
                volume=123456,
                ts_event=NOW_NS,
                ts_recv=NOW_NS + 7,
                provider="dhan",
                day_open=1640.0,
                day_high=1660.0,
                day_low=1635.0,
                previous_close=1630.55,
            ),
        )
    ]


def test_the_same_id_in_two_segments_is_two_instruments() -> None:
    decoder = DhanDecoder([NIFTY, ABB])

    frame = [TickerPacket(0, 13, 25974.9, NOW_S + INDIA_S), quote(ABB, last_price=5170.5)]

    assert [tick.instrument for tick in ticks_of(decoder, *frame)] == ["NSE:NIFTY", "NSE:ABB"]


def test_several_packets_of_a_frame_keep_their_order() -> None:
    decoder = DhanDecoder([HDFCBANK, NIFTY])
    frame = [
        quote(last_price=100.0, volume=1),
        TickerPacket(0, 13, 200.0, NOW_S + INDIA_S),
        quote(last_price=101.0, volume=2),
    ]

    assert [tick.price for tick in ticks_of(decoder, *frame)] == [100.0, 200.0, 101.0]


def test_a_ticker_has_no_volume() -> None:
    (tick,) = ticks_of(DhanDecoder([NIFTY]), TickerPacket(0, 13, 25974.9, NOW_S + INDIA_S))

    assert (tick.volume, tick.size, tick.price) == (None, 0, 25974.9)


def test_a_quote_without_new_volume_is_no_trade() -> None:
    decoder = DhanDecoder([HDFCBANK])

    ticks = ticks_of(decoder, quote(volume=100), quote(volume=100), quote(volume=130))

    assert [tick.size for tick in ticks] == [10, 0, 10]


def test_the_prices_of_the_day_follow_the_packets() -> None:
    decoder = DhanDecoder([HDFCBANK])

    ticks = ticks_of(decoder, quote(day_high=1660.0), quote(day_high=1660.0), quote(day_high=1661.05))

    assert [tick.day_high for tick in ticks] == [1660.0, 1660.0, 1661.05]


def test_open_interest_in_a_packet_of_its_own_rides_on_the_next_ticks() -> None:
    decoder = DhanDecoder([NIFTY_FUT])
    packet = QuotePacket(2, 49543, last_price=25974.9, last_trade_time=NOW_S + INDIA_S, volume=75)

    ticks = ticks_of(decoder, packet, OpenInterestPacket(2, 49543, 11_148_150), packet)

    assert [tick.open_interest for tick in ticks] == [None, 11_148_150]


def test_the_previous_close_of_an_index_rides_on_the_next_ticks() -> None:
    decoder = DhanDecoder([NIFTY])
    packet = TickerPacket(0, 13, 25974.9, NOW_S + INDIA_S)

    ticks = ticks_of(decoder, packet, PreviousClosePacket(0, 13, 26060.2), packet)

    assert [tick.previous_close for tick in ticks] == [None, 26060.2]


def test_a_full_packet_brings_best_bid_and_ask_and_open_interest() -> None:
    depth = (DepthRow(bid_price=25974.8, ask_price=25980.0), *[DepthRow()] * 4)
    packet = FullPacket(
        2,
        49543,
        last_price=25974.9,
        last_quantity=75,
        last_trade_time=NOW_S + INDIA_S,
        volume=3333675,
        open_interest=11_148_150,
        depth=depth,
    )

    (tick,) = ticks_of(DhanDecoder([NIFTY_FUT]), packet)

    assert (tick.bid, tick.ask, tick.open_interest) == (25974.8, 25980.0, 11_148_150)


def test_the_open_interest_of_a_share_is_not_zero_but_nothing() -> None:
    packet = FullPacket(1, 1333, last_price=1650.0, last_trade_time=NOW_S + INDIA_S)

    (tick,) = ticks_of(DhanDecoder([HDFCBANK]), packet)

    assert (tick.open_interest, tick.bid, tick.day_open) == (None, None, None)


def test_a_tick_size_that_does_not_divide_a_rupee_is_honoured() -> None:
    route = Route("MCX:GOLD", "MCX_COMM", "5", 5.0, "future")
    packet = QuotePacket(5, 5, last_price=120_003.0, last_trade_time=NOW_S + INDIA_S)

    (tick,) = ticks_of(DhanDecoder([route]), packet)

    assert tick.price == 120_005.0


@pytest.mark.parametrize("traded_at", [0, 315_532_800, 2**32 - 1, NOW_S + INDIA_S + 301])
def test_a_time_that_can_not_be_gives_way_to_the_time_of_receipt(traded_at: int) -> None:
    decoder = DhanDecoder([HDFCBANK])

    (tick,) = ticks_of(decoder, quote(last_trade_time=traded_at))

    assert tick.ts_event == NOW_NS
    assert decoder.statistics().untimed == 1


def test_an_old_trade_keeps_its_time() -> None:
    (tick,) = ticks_of(DhanDecoder([HDFCBANK]), quote(last_trade_time=NOW_S + INDIA_S - 3 * 86_400))

    assert tick.ts_event == NOW_NS - 3 * 86_400 * SECOND


@pytest.mark.parametrize("price", [0.0, 0.02, -1.0, float("nan"), float("inf"), -float("inf"), 1e30])
@pytest.mark.parametrize("packet_type", [QuotePacket, TickerPacket, FullPacket])
def test_what_has_no_price_gives_no_tick_and_is_counted(
    price: float, packet_type: type[QuotePacket | TickerPacket | FullPacket]
) -> None:
    decoder = DhanDecoder([HDFCBANK])

    assert ticks_of(decoder, packet_type(1, 1333, last_price=price)) == []
    assert decoder.statistics().unpriced == 1


def test_what_can_not_be_used_is_counted_not_lost() -> None:
    decoder = DhanDecoder([HDFCBANK])
    strangers = [quote(Route("", "NSE_EQ", str(number), 0.05, "equity")) for number in range(2000, 2100)]
    frame = [
        *strangers,
        MarketStatusPacket(1, 0),
        OpaquePacket(0, 13, code=1, body=b"????"),
        DisconnectPacket(0, 0, 805),
        quote(),
    ]
    broken_quote = bytes([4, 49, 0, 1]) + bytes(45)

    decoder.decode(b"".join(map(encode, frame)) + broken_quote + b"\x04\x02", NOW_NS)

    statistics = decoder.statistics()
    assert (statistics.frames, statistics.packets, statistics.ticks) == (1, 106, 1)
    assert (statistics.unmapped, statistics.market_status) == (100, 1)
    assert (statistics.unknown_codes, statistics.malformed) == (1, 2)
    assert statistics.unmapped_sample == tuple(f"NSE_EQ:{number}" for number in range(2000, 2020))


def test_a_route_taken_up_later_ticks_and_one_removed_does_not() -> None:
    decoder = DhanDecoder([HDFCBANK])

    decoder.add([ABB])
    decoder.remove([HDFCBANK, NIFTY])

    assert [tick.instrument for tick in ticks_of(decoder, quote(HDFCBANK), quote(ABB))] == ["NSE:ABB"]
    assert decoder.statistics().unmapped_sample == ("NSE_EQ:1333",)


def trade_live(decoder: DhanDecoder, *, written_ahead_s: int, seconds: int = 20) -> None:
    for second in range(seconds):
        packet = quote(last_trade_time=NOW_S + second + written_ahead_s, volume=second)
        ticks_of(decoder, packet, ts_recv=(NOW_S + second) * SECOND + SECOND // 3)


@pytest.mark.parametrize("offset_s", [INDIA_S, 0])
def test_the_clock_is_not_suspect_while_trades_fit_the_offset(offset_s: int) -> None:
    decoder = DhanDecoder([HDFCBANK], time_offset_s=offset_s)

    trade_live(decoder, written_ahead_s=offset_s)

    assert decoder.statistics().clock_suspect == 0


@pytest.mark.parametrize(("offset_s", "written_ahead_s"), [(INDIA_S, 0), (0, INDIA_S)])
def test_the_clock_is_suspect_when_fresh_trades_fit_another_offset(offset_s: int, written_ahead_s: int) -> None:
    decoder = DhanDecoder([HDFCBANK], time_offset_s=offset_s)

    trade_live(decoder, written_ahead_s=written_ahead_s)

    assert decoder.statistics().clock_suspect == 15  # the first five seconds show old trades and prove nothing


def test_old_trades_shown_on_subscribing_do_not_make_the_clock_suspect() -> None:
    decoder = DhanDecoder([HDFCBANK, ABB])

    for hours in (20, 6, 5, 4):
        ticks_of(decoder, quote(last_trade_time=NOW_S + INDIA_S - hours * 3600))

    assert decoder.statistics().clock_suspect == 0


routes = st.lists(
    st.builds(
        Route,
        instrument=st.just("NSE:X"),
        segment=st.sampled_from(["IDX_I", "NSE_EQ", "NSE_FNO", "BSE_FNO", "MCX_COMM"]),
        security_id=st.integers(0, 3).map(str),
        tick_size=st.sampled_from([0.0, 0.01, 0.05, 0.25, 1.0, 5.0]),
        kind=st.just("equity"),
    ),
    max_size=8,
)


@given(routes=routes, frame=st.binary(max_size=400), ts_recv=st.integers(0, 2**62))
def test_any_bytes_are_decoded_without_an_error(routes: list[Route], frame: bytes, ts_recv: int) -> None:
    decoder = DhanDecoder(routes)

    ticks = decoder.decode(frame, ts_recv)

    assert decoder.statistics().ticks == len(ticks)


@given(frame=st.lists(packets, min_size=1, max_size=6), damage=st.lists(st.tuples(st.integers(0), st.integers(0, 255))))
def test_damaged_packets_of_known_instruments_are_decoded_without_an_error(
    frame: list[AnyPacket], damage: list[tuple[int, int]]
) -> None:
    encoded = bytearray(b"".join(map(encode, frame)))
    known = {
        Route("NSE:X", segment, str(packet.security_id), 0.05, "equity")
        for packet in frame
        if not isinstance(packet, MalformedPacket)
        for segment in ("IDX_I", "NSE_EQ", "NSE_FNO")
    }
    for place, byte in damage:
        encoded[place % len(encoded)] = byte
    decoder = DhanDecoder(list(known))

    for _, tick in decoder.decode(bytes(encoded), NOW_NS):
        assert 0 <= tick.price < 1e9
        assert 0 < tick.ts_event <= NOW_NS + 300 * SECOND


@pytest.mark.recorded
def test_the_recorded_minutes_decode_to_prices_on_the_grid(recordings: Path) -> None:
    with (recordings / "dhan/nifty_fut_full_2025-12-29.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["type"] == "full"]
    decoder = DhanDecoder([NIFTY_FUT])

    for row in rows:
        received = datetime.fromisoformat(row["time"]).replace(tzinfo=INDIA)
        ts_recv = int(received.timestamp()) * SECOND
        (tick,) = ticks_of(decoder, full_packet(row), ts_recv=ts_recv)
        assert tick.price == round(float(row["ltp"]), 1)
        assert (tick.bid, tick.ask) == (round(float(row["bid_price_1"]), 1), round(float(row["ask_price_1"]), 1))
        assert (tick.volume, tick.open_interest) == (int(row["volume"]), int(row["oi"]))
        assert (tick.day_open, tick.previous_close) == (26080.0, 26060.2)
    assert decoder.statistics().ticks == 355
