"""Recordings come back as they were: every field of the packets, every bar of the minutes."""

import csv
import struct
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.candle import Candle
from engine.providers.base import Mode
from engine.providers.dhan.codec import FullPacket, OpenInterestPacket, QuotePacket, decode_frame
from engine.providers.simulator.dhan.packets import wire_time
from engine.providers.simulator.division import Bar
from engine.providers.simulator.exchange import Exchange
from engine.providers.simulator.history import aggregate
from engine.providers.simulator.hours import DAY_NS, MINUTE_NS, SECOND_NS, indian_midnight
from engine.providers.simulator.instruments import INDICES, universe
from engine.providers.simulator.options import SimulatorOptions
from engine.providers.simulator.recorded import BarRecording
from engine.providers.simulator.recorded_market import RecordedMarket
from engine.providers.simulator.recordings import RecordingError, read_recording
from engine.providers.simulator.server import open_exchange
from engine.providers.simulator.tape import Trade
from tests.providers.simulator.markets import DAY, ManualClock, at

FULL = "dhan/nifty_fut_full_2025-12-29.csv"
NIFTY = "bars/NIFTY_1m_2024-01_to_04.csv"
RELIANCE = "bars/RELIANCE_1m_2025-10-29_to_12-26.csv"


async def replay(exchange: Exchange, clock: ManualClock, mode: Mode, *, until_ns: int) -> bytes:
    """All that a client gets that was there from the beginning."""
    door = exchange.doors["simulator"]
    subscriber = door.subscriber()
    door.join(subscriber)
    door.subscribe(subscriber, 0, mode)
    received = b""
    while clock.now < until_ns:
        clock.pass_s(1.7)
        exchange.step()
        while subscriber.pending:
            frame = await subscriber.take()
            assert isinstance(frame, bytes)
            received += frame
    return received


@pytest.fixture
def recorded_rows(recordings: Path) -> list[dict[str, str]]:
    with (recordings / FULL).open(newline="") as file:
        return list(csv.DictReader(file))


def recorded_exchange(path: Path) -> tuple[Exchange, ManualClock]:
    clock = ManualClock(at("2025-12-29 12:46:00"))
    return open_exchange(SimulatorOptions(recordings=(path,), start_ns=clock.now), now_ns=clock.now_ns), clock


@pytest.mark.recorded
async def test_every_recorded_field_of_every_packet_comes_back(
    recordings: Path, recorded_rows: list[dict[str, str]]
) -> None:
    exchange, clock = recorded_exchange(recordings / FULL)

    packets = decode_frame(await replay(exchange, clock, Mode.FULL, until_ns=at("2025-12-29 12:53:00")))

    assert len(packets) == len(recorded_rows) == 356
    for packet, row in zip(packets, recorded_rows, strict=True):
        if row["type"] == "oi":
            assert packet == OpenInterestPacket(2, 49_543, int(row["oi"]))
        else:
            assert isinstance(packet, FullPacket)
            assert recorded_values(row) == sent_values(packet)
            assert packet.last_trade_time == wire_time(at(row["time"]))
            assert (packet.highest_open_interest, packet.lowest_open_interest) == (0, 0)


def recorded_values(row: dict[str, str]) -> list[float]:
    names = ["ltp", "volume", "oi", "ltq", "atp", "total_buy_qty", "total_sell_qty", "open", "high", "low", "close"]
    depth = [
        float(row.get(f"{side}_{what}_{level}", "") or 0)
        for level in range(1, 6)
        for side in ("bid", "ask")
        for what in ("price", "qty", "orders")
    ]
    return [float(row[name]) for name in names] + depth


def sent_values(packet: FullPacket) -> list[float]:
    day = [packet.day_open, packet.day_high, packet.day_low, packet.previous_close]
    depth = [
        value
        for row in packet.depth
        for value in (row.bid_price, row.bid_quantity, row.bid_orders, row.ask_price, row.ask_quantity, row.ask_orders)
    ]
    return [
        packet.last_price,
        packet.volume,
        packet.open_interest,
        packet.last_quantity,
        packet.average_price,
        packet.total_buy_quantity,
        packet.total_sell_quantity,
        *day,
        *depth,
    ]


@pytest.mark.recorded
async def test_the_recording_can_be_had_as_quotes_too(recordings: Path, recorded_rows: list[dict[str, str]]) -> None:
    exchange, clock = recorded_exchange(recordings / FULL)

    packets = decode_frame(await replay(exchange, clock, Mode.QUOTE, until_ns=at("2025-12-29 12:53:00")))

    quotes = [packet for packet in packets if isinstance(packet, QuotePacket)]
    assert [quote.volume for quote in quotes] == [int(row["volume"]) for row in recorded_rows if row["type"] == "full"]
    assert any(isinstance(packet, OpenInterestPacket) for packet in packets)


@pytest.mark.recorded
def test_history_of_the_recorded_packets_is_their_resample(recordings: Path) -> None:
    rows = pd.read_csv(recordings / FULL, parse_dates=["time"], index_col="time").query("type == 'full'")
    traded = rows[rows["volume"].diff() > 0]  # the other packets tell of the book only
    minutes = traded["ltp"].resample("1min").ohlc()
    volumes = rows["volume"].resample("1min").last().diff().fillna(0)
    exchange, _ = recorded_exchange(recordings / FULL)

    candles = exchange.market.minutes(0, at("2025-12-29 12:00:00"), at("2025-12-29 13:00:00"))

    assert [(candle.open, candle.high, candle.low, candle.close) for candle in candles] == list(
        minutes.itertuples(index=False, name=None)
    )
    assert [candle.volume for candle in candles][1:] == list(volumes)[1:]
    assert sum(candle.volume for candle in candles) == rows["volume"].iloc[-1] - rows["volume"].iloc[0]


@pytest.mark.recorded
@pytest.mark.parametrize("file", [NIFTY, RELIANCE])
def test_the_candles_of_the_trades_are_the_recorded_bars(recordings: Path, file: str) -> None:
    market = RecordedMarket([read_recording(recordings / file, trades_per_minute=12)])
    with (recordings / file).open(newline="") as opened:
        rows = [{name.lower(): value for name, value in row.items()} for row in csv.DictReader(opened)]
    sample = rows[:400] + rows[-400:]

    for row in sample:
        candle = traded_candle(market, moment_of(row))
        prices = (candle.open, candle.high, candle.low, candle.close)
        assert prices == tuple(float(row[name]) for name in ("open", "high", "low", "close"))
        assert candle.volume == int(row.get("volume", 0))


def moment_of(row: dict[str, str]) -> int:
    if "time" in row:
        day = row["date"]
        return at(f"{day[:4]}-{day[4:6]}-{day[6:]} {row['time']}")
    return at(row["date"].removesuffix("+05:30"))


def traded_candle(market: RecordedMarket, opens_ns: int) -> Candle:
    tape = market.tape(0, opens_ns)
    assert tape is not None
    candle = aggregate(market.listings[0], tape, upto_ns=opens_ns + MINUTE_NS)
    assert candle is not None
    return candle


@pytest.mark.recorded
def test_the_history_of_a_minute_file_is_the_file(recordings: Path) -> None:
    market = RecordedMarket([read_recording(recordings / RELIANCE)])

    minutes = market.minutes(0, at("2025-10-01 00:00:00"), at("2026-01-01 00:00:00"))
    days = market.days(0, at("2025-10-01 00:00:00"), at("2026-01-01 00:00:00"))

    assert len(minutes) == 15_372
    assert len(days) == 41
    assert days[0].time == indian_midnight(date(2025, 10, 29))
    assert sum(day.volume for day in days) == sum(minute.volume for minute in minutes)


@st.composite
def bars(draw: st.DrawFn) -> tuple[Bar, int]:
    low = draw(st.integers(1, 100_000))
    high = low + draw(st.integers(0, 300))
    inside = st.integers(low, high)
    return Bar(draw(inside), high, low, draw(inside)), draw(st.integers(0, 50_000))


@given(recorded=st.lists(bars(), min_size=1, max_size=20), trades=st.integers(1, 80), seed=st.integers(0, 2**32))
def test_the_trades_of_any_bars_make_those_bars(recorded: list[tuple[Bar, int]], trades: int, seed: int) -> None:
    listing = universe(3, DAY)[2]
    opens = at("2026-11-20 09:15:00")
    recording = BarRecording(
        listing,
        {opens + place * MINUTE_NS: bar for place, bar in enumerate(recorded)},
        seed=seed,
        trades_per_minute=trades,
    )
    volume = 0
    for opens_ns, (bar, traded) in zip(recording.opens, recorded, strict=True):
        tape = recording.tape(opens_ns)
        assert tape is not None
        events = [tape.event(number) for number in range(len(tape.times))]
        prices = [listing.ticks(event.price) for event in events if isinstance(event, Trade)]
        assert Bar(prices[0], max(prices), min(prices), prices[-1]) == bar
        assert sum(event.quantity for event in events if isinstance(event, Trade)) == traded
        assert aggregate(listing, tape, upto_ns=opens_ns + MINUTE_NS) == recording.candle(opens_ns)
        volume += traded
        assert isinstance(events[-1], Trade)
        assert events[-1].volume == volume


@pytest.mark.recorded
def test_a_recording_can_be_moved_to_now_by_whole_minutes(recordings: Path) -> None:
    clock = ManualClock(at("2026-11-20 12:00:20"))
    options = SimulatorOptions(recordings=(recordings / FULL,), rebase=True)

    exchange = open_exchange(options, now_ns=clock.now_ns)

    [minute, *_] = exchange.market.minutes(0, clock.now - DAY_NS, clock.now + DAY_NS)
    tape = exchange.market.tape(0, minute.time)
    assert tape is not None
    assert 0 < tape.times[0] - clock.now <= MINUTE_NS
    assert tape.times[0] % MINUTE_NS == at("2025-12-29 12:47:02.553384") % MINUTE_NS


@pytest.mark.recorded
def test_a_held_clock_waits_for_the_first_subscription(recordings: Path) -> None:
    clock = ManualClock(at("2026-11-20 12:00:20"))
    exchange = open_exchange(SimulatorOptions(recordings=(recordings / FULL,), hold=True), now_ns=clock.now_ns)
    door = exchange.doors["simulator"]
    subscriber = door.subscriber()
    door.join(subscriber)
    clock.pass_s(60)
    exchange.step()

    door.subscribe(subscriber, 0, Mode.FULL)
    clock.pass_s(1.5)
    exchange.step()

    assert exchange.now_ns == at("2025-12-29 12:47:02.553384") + SECOND_NS // 2
    assert subscriber.pending >= 2


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "Instrument,Date,Time,Open,High,Low,Close\nNOBODY,20240101,09:15,1,1,1,1\n"]
)
def test_a_file_that_is_no_recording_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recording.csv"
    path.write_text(text)

    with pytest.raises(RecordingError, match="can not be read"):
        read_recording(path)


def test_prices_of_32_bits_are_exact_as_recorded() -> None:
    assert struct.unpack("<f", struct.pack("<f", 25974.900390625))[0] == 25974.900390625
    assert INDICES[0].tick_size == 0.05
