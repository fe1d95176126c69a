from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.tick import Tick
from engine.providers.base import Route
from engine.providers.kite.codec import (
    HEARTBEAT,
    SEGMENT_NAMES,
    DepthRow,
    FullPacket,
    IndexFullPacket,
    IndexPacket,
    LtpPacket,
    MalformedEnd,
    OpaquePacket,
    QuotePacket,
    SentPacket,
    decode_frame,
    instrument_token,
)
from engine.providers.kite.decoder import KiteDecoder
from tests.providers.kite.routes import INFY, INFY_TOKEN, NIFTY, NIFTY_FUT, NIFTY_TOKEN, NOW_NS, NOW_S, SECOND, USDINR
from tests.providers.kite.test_codec import frame_of, packets, recorded


def ticks_of(decoder: KiteDecoder, *sent: SentPacket, ts_recv: int = NOW_NS) -> list[Tick]:
    return [tick for _, tick in decoder.decode(frame_of(*sent), ts_recv)]


def listening(*routes: Route) -> KiteDecoder:
    """A decoder that has got over what comes first of each instrument."""
    decoder = KiteDecoder(routes)
    for route in routes:
        token = instrument_token(route.segment, route.security_id)
        decoder.decode(frame_of(quote(token, volume=1), LtpPacket(token, 1_00)), NOW_NS)
    return decoder


def quote(token: int = INFY_TOKEN, **fields: int) -> QuotePacket:
    return QuotePacket(token, **({"last_price": 1573_15, "last_quantity": 10, "volume": 100} | fields))


def full(route: Route = INFY, **fields: int) -> FullPacket:
    wire = {"last_price": 1573_15, "last_quantity": 10, "volume": 100, "last_trade_time": NOW_S - 3}
    return FullPacket(instrument_token(route.segment, route.security_id), **(wire | fields))  # pyright: ignore[reportArgumentType]


def test_a_full_packet_becomes_a_tick_on_the_price_grid_and_at_its_last_trade() -> None:
    packet = FullPacket(
        INFY_TOKEN,
        last_price=1573_71,
        last_quantity=7,
        volume=1_192_471,
        day_open=1569_15,
        day_high=1575_00,
        day_low=1561_05,
        previous_close=1567_80,
        last_trade_time=NOW_S - 2,
        exchange_time=NOW_S,
        bids=(DepthRow(5, 1573_40, 1), *[DepthRow()] * 4),
        asks=(DepthRow(172, 1573_70, 3), *[DepthRow()] * 4),
    )

    assert KiteDecoder([INFY]).decode(frame_of(packet), NOW_NS + 7) == [
        (
            "infy",
            Tick(
                instrument="NSE:INFY",
                price=1573.7,
                size=7,
                volume=1_192_471,
                ts_event=NOW_NS - 2 * SECOND,
                ts_recv=NOW_NS + 7,
                provider="kite",
                bid=1573.4,
                ask=1573.7,
                day_open=1569.15,
                day_high=1575.0,
                day_low=1561.05,
                previous_close=1567.8,
            ),
        )
    ]


def test_a_quote_tells_no_time_and_carries_that_of_its_receipt_without_complaint() -> None:
    decoder = listening(INFY)

    (tick,) = ticks_of(decoder, quote(day_open=1569_15), ts_recv=NOW_NS + 7)

    assert (tick.price, tick.size, tick.volume, tick.day_open) == (1573.15, 10, 100, 1569.15)
    assert (tick.ts_event, decoder.statistics().untimed) == (NOW_NS + 7, 0)


def test_a_last_price_alone_has_no_volume() -> None:
    (tick,) = ticks_of(listening(INFY), LtpPacket(INFY_TOKEN, 1573_15))

    assert (tick.volume, tick.size, tick.price, tick.ts_event) == (None, 0, 1573.15, NOW_NS)


def test_an_index_tells_its_day_in_another_order_than_a_share() -> None:
    fields = {"day_high": 26_100_00, "day_low": 25_900_00, "day_open": 26_000_00, "previous_close": 26_060_20}
    packet = IndexPacket(NIFTY_TOKEN, 25_974_90, **fields)  # pyright: ignore[reportArgumentType]

    (tick,) = ticks_of(listening(NIFTY), packet)

    assert (tick.price, tick.volume, tick.open_interest) == (25974.9, None, None)
    assert (tick.day_open, tick.day_high, tick.day_low) == (26000.0, 26100.0, 25900.0)
    assert (tick.previous_close, tick.ts_event) == (26060.2, NOW_NS)


def test_an_index_in_full_mode_tells_its_time() -> None:
    (tick,) = ticks_of(KiteDecoder([NIFTY]), IndexFullPacket(NIFTY_TOKEN, 25_974_90, exchange_time=NOW_S - 1))

    assert tick.ts_event == NOW_NS - SECOND


def test_packets_of_every_kind_in_one_frame_keep_their_order() -> None:
    decoder = listening(INFY, NIFTY, NIFTY_FUT)
    sent = [
        quote(last_price=100_00),
        quote(last_price=101_00, volume=101),
        IndexPacket(NIFTY_TOKEN, 102_00),
        full(NIFTY_FUT, last_price=103_00),
        LtpPacket(INFY_TOKEN, 104_00),
        full(last_price=105_00, volume=102),
    ]

    assert [tick.price for tick in ticks_of(decoder, *sent)] == [100.0, 101.0, 102.0, 103.0, 104.0, 105.0]
    assert decoder.statistics().packets == 6 + 6


def test_a_packet_without_new_volume_is_no_trade() -> None:
    ticks = ticks_of(KiteDecoder([INFY]), full(volume=100), full(volume=100), full(volume=130))

    assert [tick.size for tick in ticks] == [10, 0, 10]


@pytest.mark.parametrize("packet", [quote(), LtpPacket(INFY_TOKEN, 100_00), IndexPacket(INFY_TOKEN, 100_00)])
def test_what_comes_first_and_tells_no_time_may_be_old_and_is_no_tick(packet: SentPacket) -> None:
    decoder = KiteDecoder([INFY])

    assert ticks_of(decoder, packet) == []
    assert (decoder.statistics().undated, decoder.statistics().packets) == (1, 1)


def test_a_quote_in_which_only_the_book_changed_is_no_tick_of_now() -> None:
    decoder = listening(INFY)

    ticks = ticks_of(decoder, quote(volume=100), quote(volume=100, total_buy_quantity=7), quote(volume=130))

    assert [tick.volume for tick in ticks] == [100, 130]
    assert decoder.statistics().undated == 2 + 1


def test_a_quote_before_the_full_mode_takes_effect_does_not_hide_the_time_of_its_trade() -> None:
    ticks = ticks_of(KiteDecoder([INFY]), quote(volume=100), full(volume=100, last_trade_time=NOW_S - 7200))

    assert [tick.ts_event for tick in ticks] == [NOW_NS - 7200 * SECOND]


def test_the_prices_of_the_day_follow_the_packets() -> None:
    highs = (1660_00, 1660_00, 1661_05)

    ticks = ticks_of(listening(INFY), *(quote(day_high=high, volume=high + n) for n, high in enumerate(highs)))

    assert [tick.day_high for tick in ticks] == [1660.0, 1660.0, 1661.05]


def test_only_derivatives_have_open_interest() -> None:
    decoder = KiteDecoder([INFY, NIFTY_FUT])

    ticks = ticks_of(decoder, full(open_interest=5), full(NIFTY_FUT, open_interest=11_148_150))

    assert [tick.open_interest for tick in ticks] == [None, 11_148_150]


def test_an_empty_side_of_the_book_is_no_price() -> None:
    (tick,) = ticks_of(KiteDecoder([INFY]), full())

    assert (tick.bid, tick.ask, tick.day_open) == (None, None, None)


def test_prices_of_currencies_are_counted_finer() -> None:
    packet = full(USDINR, last_price=84_0525_000)

    (tick,) = ticks_of(KiteDecoder([USDINR]), packet)

    assert tick.price == 84.0525


@pytest.mark.parametrize(("tick_size", "price"), [(0.0, 120_003.07), (5.0, 120_005.0), (1.0, 120_003.0)])
def test_any_tick_size_is_honoured(tick_size: float, price: float) -> None:
    route = Route("MCX:GOLD", "MCX_COMM", "5", tick_size, "future")

    (tick,) = ticks_of(KiteDecoder([route]), full(route, last_price=120_003_07))

    assert tick.price == price


@pytest.mark.parametrize("traded_at", [315_532_800, 2**32 - 1, NOW_S + 301])
def test_a_time_that_can_not_be_gives_way_to_the_time_of_receipt(traded_at: int) -> None:
    decoder = KiteDecoder([INFY])

    (tick,) = ticks_of(decoder, full(last_trade_time=traded_at))

    assert (tick.ts_event, decoder.statistics().untimed) == (NOW_NS, 1)


def test_without_a_last_trade_the_time_of_sending_serves() -> None:
    (tick,) = ticks_of(KiteDecoder([INFY]), full(last_trade_time=0, exchange_time=NOW_S - 1))

    assert tick.ts_event == NOW_NS - SECOND


@pytest.mark.parametrize("price", [0, 2, 2**32 - 1])
@pytest.mark.parametrize("kind", [LtpPacket, QuotePacket, FullPacket, IndexPacket, IndexFullPacket])
def test_what_has_no_price_gives_no_tick_and_is_counted(
    price: int, kind: type[LtpPacket | QuotePacket | IndexPacket]
) -> None:
    decoder = KiteDecoder([INFY])

    assert ticks_of(decoder, kind(INFY_TOKEN, price)) == []
    assert decoder.statistics().unpriced == 1


def test_what_can_not_be_used_is_counted_not_lost() -> None:
    decoder = listening(INFY)
    strangers = [quote(number << 8 | 1) for number in range(2000, 2100)]

    decoder.decode(HEARTBEAT, NOW_NS)
    decoder.decode(frame_of(*strangers, OpaquePacket(bytes(164)), quote()) + b"?", NOW_NS)

    statistics = decoder.statistics()
    assert (statistics.frames, statistics.packets, statistics.ticks) == (3, 2 + 103, 1)
    assert (statistics.unmapped, statistics.unknown_codes, statistics.malformed) == (100, 1, 1)
    assert statistics.unmapped_sample == tuple(f"NSE_EQ:{number}" for number in range(2000, 2020))


def test_a_route_taken_up_later_ticks_and_one_removed_does_not() -> None:
    decoder = listening(INFY)

    decoder.add([NIFTY_FUT])
    decoder.remove([INFY, NIFTY])

    assert [tick.instrument for tick in ticks_of(decoder, quote(), full(NIFTY_FUT))] == [NIFTY_FUT.instrument]
    assert decoder.statistics().unmapped_sample == ("NSE_EQ:1594",)


@given(sent=st.lists(packets, max_size=8), damage=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=4))
def test_any_frame_is_taken_apart_as_the_codec_takes_it_apart(
    sent: list[SentPacket], damage: list[tuple[int, int]]
) -> None:
    frame = bytearray(frame_of(*sent))
    for place, byte in damage:
        frame[place % len(frame)] = byte
    held = decode_frame(bytes(frame))
    tokens = {packet.token for packet in held if not isinstance(packet, OpaquePacket | MalformedEnd)}
    decoder = KiteDecoder([route for token in tokens if (route := route_of(token))])

    ticks = decoder.decode(bytes(frame), NOW_NS)

    statistics = decoder.statistics()
    assert statistics.packets == len(held)
    assert statistics.malformed == sum(isinstance(packet, MalformedEnd) for packet in held)
    assert statistics.unknown_codes == sum(isinstance(packet, OpaquePacket) for packet in held)
    assert statistics.ticks == len(ticks) == statistics.packets - unusable(decoder)
    for _, tick in ticks:
        assert 0 <= tick.price < 1e8
        assert 0 < tick.ts_event <= NOW_NS + 300 * SECOND


@given(frame=st.binary(max_size=400), ts_recv=st.integers(0, 2**62))
def test_any_bytes_are_decoded_without_an_error(frame: bytes, ts_recv: int) -> None:
    decoder = KiteDecoder([INFY, NIFTY])

    ticks = decoder.decode(frame, ts_recv)

    assert decoder.statistics().ticks == len(ticks)


@pytest.mark.recorded
@pytest.mark.parametrize("mode", ["quote", "full"])
def test_a_recorded_packet_becomes_the_tick_its_vendor_reads_in_it(recordings: Path, mode: str) -> None:
    expected = msgspec.json.decode((recordings / f"kite/mocks/ticker_{mode}.json").read_bytes())
    packet = recorded(recordings, mode)
    assert isinstance(packet, QuotePacket)

    (tick,) = ticks_of(listening(INFY), packet)

    ohlc = expected["ohlc"]
    assert (tick.price, tick.size, tick.volume) == tuple(
        expected[name] for name in ("last_price", "last_quantity", "volume")
    )
    assert [tick.day_open, tick.day_high, tick.day_low, tick.previous_close] == [
        ohlc[name] for name in ("open", "high", "low", "close")
    ]
    if mode == "full":
        assert (tick.bid, tick.ask) == (1573.4, 1573.7)
        assert tick.ts_event == 1_625_461_887 * SECOND  # 2021-07-05 10:41:27 in India


def route_of(token: int) -> Route | None:
    segment = SEGMENT_NAMES.get(token & 0xFF)
    return None if segment is None else Route("NSE:X", segment, str(token >> 8), 0.05, "equity")


def unusable(decoder: KiteDecoder) -> int:
    statistics = decoder.statistics()
    return (
        statistics.malformed + statistics.unknown_codes + statistics.unmapped + statistics.unpriced + statistics.undated
    )
