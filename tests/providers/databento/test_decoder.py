from pathlib import Path

import databento_dbn as dbn
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.tick import Tick
from engine.providers.base import Route
from engine.providers.databento.bookmarks import Bookmarks
from engine.providers.databento.decoder import DatabentoDecoder
from tests.providers.databento.streams import (
    APPLE,
    GOLD,
    NOW,
    SECOND,
    SILVER,
    bar,
    begin,
    error,
    heartbeat,
    mapping,
    metadata,
    quote,
    system,
    trade,
    unpacked,
)
from tests.providers.databento.test_records import pieces_of


def decoder_of(*routes: Route, bookmarks: Bookmarks | None = None) -> DatabentoDecoder:
    decoder = DatabentoDecoder(routes or [GOLD], bookmarks=bookmarks)
    symbols = dict.fromkeys(route.security_id for route in routes or [GOLD])
    assert decoder.decode(begin(*symbols), NOW) == []
    return decoder


def ticks_of(decoder: DatabentoDecoder, *records: bytes, ts_recv: int = NOW) -> list[Tick]:
    return [tick for _, tick in decoder.decode(b"".join(records), ts_recv)]


def test_a_trade_becomes_a_tick_with_its_size_and_without_a_total() -> None:
    decoder = decoder_of(GOLD)

    (told,) = decoder.decode(trade(7, 4081.5, 3, NOW - 5), NOW)

    assert told == (
        "gold",
        Tick(
            instrument="COMEX:GC",
            price=4081.5,
            size=3,
            volume=None,
            ts_event=NOW - 5,
            ts_recv=NOW,
            provider="databento",
        ),
    )


def test_a_trade_with_bid_and_ask_carries_both() -> None:
    (tick,) = ticks_of(decoder_of(), quote(bid=4081.4, ask=4081.6))

    assert (tick.price, tick.size, tick.bid, tick.ask) == (4081.5, 2, 4081.4, 4081.6)


def test_a_change_of_the_book_makes_no_tick_and_rides_on_the_next() -> None:
    decoder = decoder_of()

    assert ticks_of(decoder, quote(bid=4081.0, ask=None, action=dbn.Action.MODIFY)) == []
    (tick,) = ticks_of(decoder, trade(time_ns=NOW + 1))

    assert (tick.bid, tick.ask) == (4081.0, None)


def test_records_go_where_their_number_says() -> None:
    decoder = decoder_of(GOLD, SILVER, APPLE)

    told = decoder.decode(trade(10, 271.25) + trade(8, 50.005) + trade(7) + trade(10, 271.26, time_ns=NOW + 1), NOW)

    assert [(target, tick.instrument, tick.price) for target, tick in told] == [
        ("apple", "NASDAQ:AAPL", 271.25),
        ("silver", "COMEX:SI", 50.005),
        ("gold", "COMEX:GC", 4081.5),
        ("apple", "NASDAQ:AAPL", 271.26),
    ]


def test_a_number_may_stand_for_a_contract_and_for_the_continuous_future() -> None:
    december = Route("COMEX:GC29DEC26FUT", "COMEX", "GCZ6", 0.1, "future", target="december")
    decoder = DatabentoDecoder([GOLD, december])
    decoder.decode(metadata() + mapping("GC.c.0", 7) + mapping("GCZ6", 7), NOW)

    assert [target for target, _ in decoder.decode(trade(7), NOW)] == ["gold", "december"]


def test_a_symbol_that_is_numbered_anew_is_not_confused_with_its_old_number() -> None:
    decoder = decoder_of(GOLD)

    assert ticks_of(decoder, mapping("GC.c.0", 77), trade(7), trade(77, 4090.0))[0].price == 4090.0
    assert decoder.statistics().unmapped == 1


def test_what_has_no_number_yet_is_unmapped() -> None:
    decoder = DatabentoDecoder([GOLD])

    assert ticks_of(decoder, metadata(), trade(7), mapping("SI.c.0", 7), trade(7)) == []

    statistics = decoder.statistics()
    assert (statistics.unmapped, statistics.unmapped_sample) == (2, ("7",))


def test_routes_come_and_go_and_keep_the_number_they_had() -> None:
    decoder = decoder_of(GOLD, SILVER)
    decoder.remove([GOLD, APPLE])
    assert ticks_of(decoder, trade(7)) == []

    decoder.add([GOLD])
    assert [tick.instrument for tick in ticks_of(decoder, trade(7), trade(8))] == ["COMEX:GC", "COMEX:SI"]


def test_a_price_that_is_none_makes_no_tick() -> None:
    decoder = decoder_of()

    assert ticks_of(decoder, trade(price=None), quote(price=None)) == []
    assert decoder.statistics().unpriced == 2


def test_a_damaged_price_is_on_the_grid_or_none() -> None:
    decoder = decoder_of()

    assert ticks_of(decoder, trade(price=-37.63), trade(price=0.0), trade(price=0.04), trade(price=2e9)) == []
    assert ticks_of(decoder, trade(price=4081.537))[0].price == 4081.5
    assert decoder.statistics().unpriced == 4


def test_without_a_known_grid_the_price_is_what_was_sent() -> None:
    decoder = decoder_of(Route("COMEX:GC", "COMEX", "GC.c.0", 0.0, "future"))

    assert ticks_of(decoder, quote(price=4081.123456789, bid=1.1, ask=None))[0].price == 4081.123456789


@pytest.mark.parametrize("time_ns", [0, dbn.UNDEF_TIMESTAMP, NOW + 3600 * SECOND])
def test_a_trade_whose_time_is_absurd_is_taken_as_of_its_receipt(time_ns: int) -> None:
    decoder = decoder_of()

    first, second = ticks_of(decoder, trade(time_ns=time_ns), trade(time_ns=NOW - SECOND))

    assert (first.ts_event, second.ts_event) == (NOW, NOW - SECOND)
    assert decoder.statistics().untimed == 1


def test_what_is_no_price_makes_no_tick() -> None:
    decoder = decoder_of()
    records = (
        heartbeat(),
        system("Finished replay", dbn.SystemCode.REPLAY_COMPLETED),
        error("unknown symbol", dbn.ErrorCode.SYMBOL_RESOLUTION_FAILED),
        bar(7, NOW, (1.0, 2.0, 0.5, 1.5), 100),
    )

    assert ticks_of(decoder, *records) == []

    statistics = decoder.statistics()
    assert (statistics.packets, statistics.unknown_codes, statistics.malformed) == (5, 1, 0)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_of_the_encoding_is_understood(version: int) -> None:
    decoder = DatabentoDecoder([GOLD])

    assert len(ticks_of(decoder, begin("GC.c.0", version=version), trade())) == 1


def test_a_record_too_short_for_its_kind_is_malformed_and_passed_over() -> None:
    decoder = decoder_of()
    short = bytes([5, 0]) + trade()[2:20]
    torn_mapping = bytes([10]) + mapping("SI.c.0")[1:40]

    assert len(ticks_of(decoder, short, torn_mapping, quote()[:1] + b"\x16" + bytes(78), trade())) == 1
    assert decoder.statistics().malformed == 3


def test_a_record_longer_than_its_layout_is_read_all_the_same() -> None:
    longer = bytes([14]) + trade()[1:] + bytes(8)

    assert len(ticks_of(decoder_of(), longer, longer)) == 2


def test_a_broken_stream_is_malformed_frame_by_frame() -> None:
    decoder = decoder_of()

    assert len(ticks_of(decoder, trade(), bytes(20))) == 1
    assert ticks_of(decoder, trade()) == []
    assert decoder.statistics().malformed == 2


def test_a_stream_that_begins_anew_is_read_from_its_beginning() -> None:
    decoder = decoder_of()
    ticks_of(decoder, bytes(20))

    assert ticks_of(decoder, trade()) == []
    assert len(ticks_of(decoder, begin("GC.c.0"), trade())) == 1


def test_a_connection_that_begins_in_the_past_doubles_and_lacks_nothing() -> None:
    bookmarks = Bookmarks()
    trades = [trade(7, 4000.0 + n, time_ns=NOW + n // 3, size=n + 1) for n in range(20)]  # three share a nanosecond
    first = ticks_of(decoder_of(bookmarks=bookmarks), *trades[:11])

    second = ticks_of(decoder_of(bookmarks=bookmarks), *trades[4:])

    assert [tick.size for tick in first + second] == list(range(1, 21))


def test_of_two_connections_at_once_each_tells_all_that_comes_from_then_on() -> None:
    bookmarks = Bookmarks()
    trades = [trade(7, 4000.0 + n, time_ns=NOW + n // 2, size=n + 1) for n in range(12)]
    old = decoder_of(bookmarks=bookmarks)
    assert len(ticks_of(old, *trades[:5])) == 5
    new = decoder_of(bookmarks=bookmarks)

    assert [tick.size for tick in ticks_of(old, *trades[5:9])] == [6, 7, 8, 9]
    assert [tick.size for tick in ticks_of(new, *trades[3:9])] == [6, 7, 8, 9]

    third = decoder_of(bookmarks=bookmarks)
    assert [tick.size for tick in ticks_of(third, *trades)] == [10, 11, 12]


def test_a_trade_that_others_overtook_is_told_on_a_connection_that_has_caught_up() -> None:
    decoder = decoder_of()

    assert len(ticks_of(decoder, trade(time_ns=NOW + 5), trade(time_ns=NOW), trade(time_ns=NOW + 6))) == 3


def test_an_absurd_time_does_not_hide_what_comes_after_a_reconnect() -> None:
    bookmarks = Bookmarks()
    ticks_of(decoder_of(bookmarks=bookmarks), trade(time_ns=NOW + 10**15))

    assert len(ticks_of(decoder_of(bookmarks=bookmarks), trade(time_ns=NOW + 1))) == 1


def test_the_replay_begins_before_the_newest_trade_and_within_the_last_day() -> None:
    bookmarks = Bookmarks()
    assert bookmarks.start_ns([GOLD], NOW - 5 * SECOND, NOW) == NOW - 5 * SECOND
    ticks_of(decoder_of(bookmarks=bookmarks), trade(time_ns=NOW - 10 * SECOND))

    assert bookmarks.start_ns([GOLD], NOW - 5 * SECOND, NOW) == NOW - 11 * SECOND
    assert bookmarks.start_ns([SILVER], NOW - 5 * SECOND, NOW) == NOW - 5 * SECOND
    assert bookmarks.start_ns([GOLD], NOW - 48 * 3600 * SECOND, NOW) == NOW - (24 * 3600 - 60) * SECOND


STREAM = begin("GC.c.0", "SI.c.0") + b"".join(
    trade(7 + n % 2, 4000.0 + n, time_ns=NOW + n) + (quote(7, time_ns=NOW + n) if n % 5 == 0 else b"")
    for n in range(40)
)


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=10))
def test_the_ticks_are_the_same_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    expected = DatabentoDecoder([GOLD, SILVER]).decode(STREAM, NOW)
    decoder = DatabentoDecoder([GOLD, SILVER])

    assert [told for piece in pieces_of(STREAM, cuts) for told in decoder.decode(piece, NOW)] == expected
    assert len(expected) == 48


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_any_bytes_in_any_pieces_raise_nothing(pieces: list[bytes]) -> None:
    decoder = DatabentoDecoder([GOLD])
    for piece in pieces:
        decoder.decode(piece, NOW)
    assert decoder.statistics().frames == len(pieces)


@given(st.data())
def test_any_damage_to_a_stream_raises_nothing(data: st.DataObject) -> None:
    damaged = bytearray(STREAM)
    for place in data.draw(st.lists(st.integers(min_value=0, max_value=len(damaged) - 1), max_size=20)):
        damaged[place] = data.draw(st.integers(min_value=0, max_value=255))
    decoder = DatabentoDecoder([GOLD, SILVER])
    for piece in pieces_of(bytes(damaged), [500, 900]):
        for _, tick in decoder.decode(piece, NOW):
            assert tick.size >= 0
            assert 0 < tick.ts_event <= NOW + 60 * SECOND


TRADES = {
    "EQUS.MINI/test_data.trades.dbn.zst": "QQQ",
    "EQUS.MINI/test_data.tbbo.dbn.zst": "QQQ",
    "GLBX.MDP3/test_data.trades.dbn.zst": "ESH1",
    "GLBX.MDP3/test_data.tbbo.dbn.zst": "ESH1",
    "XNAS.ITCH/test_data.trades.dbn.zst": "NVDA",
    "XNAS.ITCH/test_data.tbbo.dbn.zst": "NVDA",
    "futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst": "ESU4",
}


@pytest.mark.recorded
@pytest.mark.parametrize(("name", "symbol"), TRADES.items())
def test_recorded_trades_decode_as_the_vendor_decodes_them(recordings: Path, name: str, symbol: str) -> None:
    data = unpacked(recordings / "databento" / name)
    records = [r for r in dbn.DBNDecoder().write_and_decode(data) if isinstance(r, dbn.TradeMsg | dbn.MBP1Msg)]
    decoder = DatabentoDecoder([Route("CME:ES", "CME", symbol, 0.01, "future", target="it")])

    told = [tick for at in range(0, len(data), 37) for _, tick in decoder.decode(data[at : at + 37], NOW)]

    assert [(tick.price, tick.size, tick.ts_event) for tick in told] == [
        (record.pretty_price, record.size, record.ts_event) for record in records
    ]
    if "tbbo" in name:
        book = [(r.pretty_bid_px_00, r.pretty_ask_px_00) for r in records if isinstance(r, dbn.MBP1Msg)]
        assert [(tick.bid, tick.ask) for tick in told] == book
    statistics = decoder.statistics()
    assert (statistics.malformed, statistics.unmapped, statistics.unknown_codes) == (0, 0, 0)


@pytest.mark.recorded
def test_a_recorded_live_stream_of_every_kind_is_read_to_its_end(recordings: Path) -> None:
    decoder = DatabentoDecoder([Route("CME:ES", "CME", "ESZ4", 0.01, "future", target="it")])

    told = decoder.decode(unpacked(recordings / "databento" / "test_data.live.dbn.zst"), NOW)

    assert [tick.price for _, tick in told] == [4756.0] * 4
    statistics = decoder.statistics()
    assert (statistics.packets, statistics.malformed, statistics.unmapped) == (46, 0, 0)
