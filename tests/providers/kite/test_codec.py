import base64
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.providers.kite.codec import (
    HEARTBEAT,
    AnyPacket,
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
    decode_packet,
    divisor,
    encode,
    encode_frame,
    instrument_token,
)
from engine.providers.kite.master import FORMATS
from engine.providers.master import Master
from tests.providers.kite.routes import INFY, INFY_TOKEN, NIFTY, NIFTY_TOKEN

INDIA = timezone(timedelta(hours=5, minutes=30))

u16 = st.integers(0, 2**16 - 1)
u32 = st.integers(0, 2**32 - 1)
depth_rows = st.builds(DepthRow, quantity=u32, price=u32, orders=u16)
depth = st.tuples(*[depth_rows] * 5)
day = {"day_open": u32, "day_high": u32, "day_low": u32, "previous_close": u32}
price = {"token": u32, "last_price": u32}
change = st.integers(-(2**31), 2**31 - 1)
trade = {
    "last_quantity": u32,
    "average_price": u32,
    "volume": u32,
    "total_buy_quantity": u32,
    "total_sell_quantity": u32,
}
packets: st.SearchStrategy[SentPacket] = st.one_of(
    st.builds(LtpPacket, **price),
    st.builds(IndexPacket, **price, **day, change=change),
    st.builds(IndexFullPacket, **price, **day, change=change, exchange_time=u32),
    st.builds(QuotePacket, **price, **trade, **day),
    st.builds(
        FullPacket,
        **price,
        **trade,
        **day,
        last_trade_time=u32,
        open_interest=u32,
        highest_open_interest=u32,
        lowest_open_interest=u32,
        exchange_time=u32,
        bids=depth,
        asks=depth,
    ),
    st.builds(OpaquePacket, data=st.sampled_from([b"", b"12", bytes(164), bytes(185)])),
)
frames = st.lists(packets, max_size=8)


def frame_of(*sent: SentPacket) -> bytes:
    return encode_frame([encode(packet) for packet in sent])


def test_packets_have_the_lengths_of_the_documentation() -> None:
    kinds = (LtpPacket, IndexPacket, IndexFullPacket, QuotePacket, FullPacket)

    assert [len(encode(kind(INFY_TOKEN))) for kind in kinds] == [8, 28, 32, 44, 184]


def test_segment_and_exchange_token_make_the_instrument_token() -> None:
    assert instrument_token(INFY.segment, INFY.security_id) == INFY_TOKEN
    assert instrument_token(NIFTY.segment, NIFTY.security_id) == NIFTY_TOKEN


@pytest.mark.recorded
@pytest.mark.parametrize(
    "name", ["instruments_NSE_full_2025-10", "instruments_NSE_BSE_NFO_2024-04", "mocks/instruments_all"]
)
def test_every_recorded_instrument_has_the_token_that_its_route_leads_to(recordings: Path, name: str) -> None:
    lines = (recordings / f"kite/{name}.csv").read_text().splitlines()
    tokens = {int(line.partition(",")[0]) for line in lines[1:]}

    led_to = [instrument_token(row.segment, row.security_id) for row in Master(lines, FORMATS)]

    assert len(led_to) > 50
    assert set(led_to) <= tokens


@pytest.mark.parametrize(
    ("segment", "units"), [("NSE_EQ", 100), ("MCX_COMM", 100), ("NSE_CURRENCY", 10_000_000), ("BSE_CURRENCY", 10_000)]
)
def test_currencies_have_finer_prices(segment: str, units: int) -> None:
    assert divisor(instrument_token(segment, "1")) == units


def test_an_index_that_fell_has_a_change_below_zero() -> None:
    packet = IndexPacket(NIFTY_TOKEN, 25_974_90, change=-36)

    assert encode(packet)[-4:] == bytes.fromhex("ffffffdc")
    assert decode_packet(encode(packet)) == packet


@given(sent=frames)
def test_a_frame_of_any_packets_comes_back_in_order(sent: list[SentPacket]) -> None:
    assert decode_frame(frame_of(*sent)) == sent


@pytest.mark.parametrize("frame", [b"", HEARTBEAT, b"\xff"])
def test_a_frame_without_a_count_is_a_heartbeat(frame: bytes) -> None:
    assert decode_frame(frame) == []


@given(frame=st.binary(max_size=400))
def test_any_bytes_are_answered_and_none_are_lost(frame: bytes) -> None:
    decoded = decode_frame(frame)

    sizes = [len(packet.data) if isinstance(packet, MalformedEnd) else 2 + len(encode(packet)) for packet in decoded]
    assert sum(sizes) == max(0, len(frame) - 2)


@given(sent=st.lists(packets, min_size=1, max_size=6), data=st.data())
def test_a_frame_cut_short_gives_what_is_whole_and_says_that_something_is_not(
    sent: list[SentPacket], data: st.DataObject
) -> None:
    last = 2 + len(encode(sent[-1]))
    left = data.draw(st.integers(0, last - 1))
    frame = frame_of(*sent)

    decoded = decode_frame(frame[: len(frame) - last + left])

    assert decoded[:-1] == sent[:-1]
    assert decoded[-1] == MalformedEnd(frame[len(frame) - last :][:left])


def test_a_frame_with_more_than_it_counted_says_so() -> None:
    assert decode_frame(frame_of(LtpPacket(1, 2)) + b"more") == [LtpPacket(1, 2), MalformedEnd(b"more")]


def test_an_old_full_packet_is_passed_over_by_its_length() -> None:
    old = OpaquePacket(bytes(164))

    assert decode_frame(frame_of(old, LtpPacket(1, 2))) == [old, LtpPacket(1, 2)]


@pytest.mark.recorded
@pytest.mark.parametrize("mode", ["quote", "full"])
def test_a_recorded_packet_says_what_its_vendor_reads_in_it(recordings: Path, mode: str) -> None:
    packet = recorded(recordings, mode)
    expected: dict[str, Any] = msgspec.json.decode((recordings / f"kite/mocks/ticker_{mode}.json").read_bytes())

    assert told(packet) == {name: value for name, value in expected.items() if name not in ("change", "tradable")}


@pytest.mark.recorded
@pytest.mark.parametrize("mode", ["quote", "full"])
def test_a_recorded_packet_is_written_as_it_was(recordings: Path, mode: str) -> None:
    data = base64.b64decode((recordings / f"kite/mocks/ticker_{mode}.packet").read_bytes())

    assert encode(decode_packet(data)) == data


def recorded(folder: Path, mode: str) -> AnyPacket:
    return decode_packet(base64.b64decode((folder / f"kite/mocks/ticker_{mode}.packet").read_bytes()))


def told(packet: AnyPacket) -> dict[str, Any]:
    """A packet in the words of Kite's own reader."""
    assert isinstance(packet, QuotePacket)
    quote = {
        "mode": "quote",
        "instrument_token": packet.token,
        "last_price": packet.last_price / 100,
        "last_quantity": packet.last_quantity,
        "average_price": packet.average_price / 100,
        "volume": packet.volume,
        "buy_quantity": packet.total_buy_quantity,
        "sell_quantity": packet.total_sell_quantity,
        "ohlc": {
            "open": packet.day_open / 100,
            "high": packet.day_high / 100,
            "low": packet.day_low / 100,
            "close": packet.previous_close / 100,
        },
    }
    if not isinstance(packet, FullPacket):
        return quote
    times = {"last_trade_time": packet.last_trade_time, "timestamp": packet.exchange_time}
    return {
        **quote,
        **{name: datetime.fromtimestamp(seconds, INDIA).isoformat() for name, seconds in times.items()},
        "mode": "full",
        "oi": packet.open_interest,
        "oi_day_high": packet.highest_open_interest,
        "oi_day_low": packet.lowest_open_interest,
        "depth": {"buy": [level(row) for row in packet.bids], "sell": [level(row) for row in packet.asks]},
    }


def level(row: DepthRow) -> dict[str, float]:
    return {"price": row.price / 100, "quantity": row.quantity, "orders": row.orders}
