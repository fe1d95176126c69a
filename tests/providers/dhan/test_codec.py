import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    decode_frame,
    encode,
)

TICKER_HEX = "02100001350500000048ce44c0475269"
QUOTE_HEX = "04320001350500000048ce440a00c04752690030ce4440e20100e8030000d00700000000cd4400d0cb440080cf440060cc44"
TICKER = TickerPacket(1, 1333, last_price=1650.25, last_trade_time=1767000000)
QUOTE = QuotePacket(
    1,
    1333,
    last_price=1650.25,
    last_quantity=10,
    last_trade_time=1767000000,
    average_price=1649.5,
    volume=123456,
    total_sell_quantity=1000,
    total_buy_quantity=2000,
    day_open=1640.0,
    previous_close=1630.5,
    day_high=1660.0,
    day_low=1635.0,
)

u16 = st.integers(0, 2**16 - 1)
u32 = st.integers(0, 2**32 - 1)
f32 = st.floats(width=32, allow_nan=False)
place = {"segment": st.integers(0, 255), "security_id": u32}
depth_rows = st.builds(
    DepthRow,
    bid_quantity=u32,
    ask_quantity=u32,
    bid_orders=u16,
    ask_orders=u16,
    bid_price=f32,
    ask_price=f32,
)
day = {"day_open": f32, "previous_close": f32, "day_high": f32, "day_low": f32}
trade = {
    "last_price": f32,
    "last_quantity": u16,
    "last_trade_time": u32,
    "average_price": f32,
    "volume": u32,
    "total_sell_quantity": u32,
    "total_buy_quantity": u32,
}
packets: st.SearchStrategy[AnyPacket] = st.one_of(
    st.builds(TickerPacket, **place, last_price=f32, last_trade_time=u32),
    st.builds(QuotePacket, **place, **trade, **day),
    st.builds(OpenInterestPacket, **place, open_interest=u32),
    st.builds(PreviousClosePacket, **place, previous_close=f32, previous_open_interest=u32),
    st.builds(MarketStatusPacket, **place),
    st.builds(
        FullPacket,
        **place,
        **trade,
        **day,
        open_interest=u32,
        highest_open_interest=u32,
        lowest_open_interest=u32,
        depth=st.tuples(*[depth_rows] * 5),
    ),
    st.builds(DisconnectPacket, **place, reason=u16),
    st.builds(OpaquePacket, **place, code=st.sampled_from([0, 1, 3, 9, 41, 255]), body=st.binary(max_size=60)),
)


@pytest.mark.parametrize(("encoded", "packet"), [(TICKER_HEX, TICKER), (QUOTE_HEX, QUOTE)])
def test_the_known_vectors_are_read_and_written(encoded: str, packet: AnyPacket) -> None:
    assert decode_frame(bytes.fromhex(encoded)) == [packet]
    assert encode(packet).hex() == encoded


def test_packets_have_the_lengths_of_the_documentation() -> None:
    lengths = {
        type(packet): len(encode(packet))
        for packet in (
            TICKER,
            QUOTE,
            OpenInterestPacket(2, 1),
            PreviousClosePacket(0, 13),
            MarketStatusPacket(1, 0),
            FullPacket(2, 1),
            DisconnectPacket(0, 0),
        )
    }
    assert list(lengths.values()) == [16, 50, 12, 16, 8, 162, 10]


@given(frame=st.lists(packets, max_size=8))
def test_a_frame_of_any_packets_comes_back_in_order(frame: list[AnyPacket]) -> None:
    assert decode_frame(b"".join(map(encode, frame))) == frame


@given(frame=st.binary(max_size=400))
def test_any_bytes_are_answered_and_none_are_lost(frame: bytes) -> None:
    decoded = decode_frame(frame)

    assert sum(len(encode(packet)) for packet in decoded) == len(frame)


@given(frame=st.lists(packets, min_size=1, max_size=6), data=st.data())
def test_a_damaged_frame_is_answered_and_nothing_before_the_damage_is_lost(
    frame: list[AnyPacket], data: st.DataObject
) -> None:
    encoded = bytearray(b"".join(map(encode, frame)))
    damaged = data.draw(st.integers(0, len(encoded) - 1))
    encoded[damaged] ^= data.draw(st.integers(1, 255))

    decoded = decode_frame(bytes(encoded))

    whole = 0
    for packet in frame:
        damaged -= len(encode(packet))
        if damaged < 0:
            break
        whole += 1
    assert decoded[:whole] == frame[:whole]


@given(frame=st.lists(packets, min_size=1, max_size=6), data=st.data())
def test_a_frame_cut_short_gives_what_is_whole_and_says_that_something_is_not(
    frame: list[AnyPacket], data: st.DataObject
) -> None:
    last = len(encode(frame[-1]))
    cut = data.draw(st.integers(1, last - 1))
    encoded = b"".join(map(encode, frame))

    decoded = decode_frame(encoded[:-cut])

    assert decoded[:-1] == frame[:-1]
    assert decoded[-1] == MalformedPacket(encode(frame[-1])[:-cut])


@pytest.mark.parametrize("length", range(8))
def test_a_length_below_the_header_ends_the_frame(length: int) -> None:
    broken = bytes([4, length, 0, 1]) + bytes(46)

    assert decode_frame(encode(TICKER) + broken + encode(TICKER)) == [
        TICKER,
        MalformedPacket(broken + encode(TICKER)),
    ]


def test_an_unknown_code_is_passed_over_by_its_length() -> None:
    index = OpaquePacket(0, 13, code=1, body=b"nobody knows")

    assert decode_frame(encode(index) + encode(QUOTE)) == [index, QUOTE]


def test_a_known_code_of_another_length_is_malformed_and_passed_over() -> None:
    longer = bytes([2, 17, 0, 1]) + bytes(13)

    assert decode_frame(longer + encode(QUOTE)) == [MalformedPacket(longer), QUOTE]


def test_a_last_quantity_beyond_two_bytes_wraps_as_the_exchange_lets_it() -> None:
    packet = QuotePacket(1, 1333, last_quantity=65_536 + 7)

    assert decode_frame(encode(packet)) == [QuotePacket(1, 1333, last_quantity=7)]


@pytest.mark.recorded
def test_every_recorded_field_survives_the_wire(recordings: Path) -> None:
    with (recordings / "dhan/nifty_fut_full_2025-12-29.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["type"] == "full"]
    assert len(rows) == 355

    sent = [full_packet(row) for row in rows]
    received = decode_frame(b"".join(map(encode, sent)))

    assert received == sent


def full_packet(row: dict[str, str]) -> FullPacket:
    return FullPacket(
        2,
        49543,
        last_price=float(row["ltp"]),
        last_quantity=int(row["ltq"]),
        average_price=float(row["atp"]),
        volume=int(row["volume"]),
        total_sell_quantity=int(row["total_sell_qty"]),
        total_buy_quantity=int(row["total_buy_qty"]),
        open_interest=int(row["oi"]),
        day_open=float(row["open"]),
        previous_close=float(row["close"]),
        day_high=float(row["high"]),
        day_low=float(row["low"]),
        depth=tuple(depth_row(row, level) for level in range(1, 6)),
    )


def depth_row(row: dict[str, str], level: int) -> DepthRow:
    return DepthRow(
        bid_quantity=int(row[f"bid_qty_{level}"]),
        ask_quantity=int(row[f"ask_qty_{level}"]),
        bid_orders=int(row.get(f"bid_orders_{level}", 0)),
        ask_orders=int(row.get(f"ask_orders_{level}", 0)),
        bid_price=float(row[f"bid_price_{level}"]),
        ask_price=float(row[f"ask_price_{level}"]),
    )
