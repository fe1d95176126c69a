"""The exchange: what it streams is what it remembers, to every client alike."""

from collections import defaultdict
from itertools import pairwise

from engine.market.candle import Candle
from engine.providers.base import Mode
from engine.providers.dhan.codec import OpenInterestPacket, PreviousClosePacket, QuotePacket, TickerPacket, decode_frame
from engine.providers.simulator.clock import ExchangeClock
from engine.providers.simulator.dhan.speech import DhanSpeech
from engine.providers.simulator.exchange import Exchange
from engine.providers.simulator.faults import Faults, parse_faults
from engine.providers.simulator.history import days, minutes
from engine.providers.simulator.hours import DAY_NS, INDIA_NS, MINUTE_NS, SECOND_NS
from engine.providers.simulator.subscriber import MOST_PENDING, Subscriber
from tests.providers.simulator.markets import ManualClock, at, place, synthetic

NOON = at("2026-11-20 12:00:00")


class Setting:
    """An exchange on a clock of our own, with one client."""

    def __init__(self, *, faults: str = "", start_ns: int = NOON, trades_per_minute: float = 30) -> None:
        self.clock = ManualClock(start_ns)
        self.exchange = Exchange(
            synthetic(trades_per_minute=trades_per_minute),
            clock=ExchangeClock(self.clock.now_ns),
            monotonic_s=lambda: self.clock.now / SECOND_NS,
        )
        self.door = self.exchange.open("simulator", DhanSpeech(), faults=Faults(schedule=parse_faults(faults)))
        self.subscriber = self.door.subscriber()
        self.door.join(self.subscriber)

    def subscribe(self, index: int, mode: Mode) -> None:
        self.door.subscribe(self.subscriber, index, mode)

    def run(self, seconds: float, *, step_s: float = 0.5) -> None:
        for _ in range(round(seconds / step_s)):
            self.clock.pass_s(step_s)
            self.exchange.step()

    async def received(self) -> list[object]:
        packets: list[object] = []
        while self.subscriber.pending:
            frame = await self.subscriber.take()
            assert isinstance(frame, bytes)
            packets += decode_frame(frame)
        return packets


async def streamed_candles(setting: Setting, index: int) -> list[Candle]:
    """One-minute candles made of nothing but the quotes that came: LTT says the minute, volume differences the volume."""
    listing = setting.exchange.market.listings[index]
    quotes = [packet for packet in await setting.received() if isinstance(packet, QuotePacket)]
    by_minute: defaultdict[int, list[QuotePacket]] = defaultdict(list)
    for quote in quotes:
        by_minute[(quote.last_trade_time * SECOND_NS - INDIA_NS) // MINUTE_NS * MINUTE_NS].append(quote)
    volume = quotes[0].volume
    candles: list[Candle] = []
    for opens_ns, parts in by_minute.items():
        prices = [listing.rupees(listing.ticks(part.last_price)) for part in parts]
        candles.append(
            Candle(
                listing.instrument,
                "1m",
                opens_ns,
                prices[0],
                max(prices),
                min(prices),
                prices[-1],
                parts[-1].volume - volume,
            )
        )
        volume = parts[-1].volume
    return candles


def bare(candle: Candle) -> tuple[float, ...]:
    return (candle.time, candle.open, candle.high, candle.low, candle.close, candle.volume)


async def test_history_equals_what_was_streamed() -> None:
    setting = Setting()
    index = place(setting.exchange.market.listings, "future")
    setting.subscribe(index, Mode.QUOTE)
    setting.run(5 * 60 + 20)

    streamed = await streamed_candles(setting, index)

    now_ns = setting.exchange.now_ns
    remembered = await minutes(setting.exchange.market, index, NOON, NOON + DAY_NS, now_ns=now_ns)
    assert len(remembered) == 6
    assert list(map(bare, streamed))[1:] == list(map(bare, remembered))
    assert remembered[-1].state == "forming"


async def test_what_nobody_watched_is_remembered_too() -> None:
    setting = Setting()
    setting.run(180)

    candles = await minutes(
        setting.exchange.market, 2, NOON - 60 * MINUTE_NS, NOON + DAY_NS, now_ns=setting.exchange.now_ns
    )

    assert [candle.time for candle in candles[:63]] == [NOON + place * MINUTE_NS for place in range(-60, 3)]


async def test_the_day_so_far_is_the_sum_of_its_minutes() -> None:
    setting = Setting()
    market, now_ns = setting.exchange.market, setting.exchange.now_ns
    midnight = NOON - 12 * 60 * MINUTE_NS

    yesterday, today = await days(market, 2, midnight - DAY_NS, NOON, now_ns=now_ns)
    parts = await minutes(market, 2, midnight, NOON + 1, now_ns=now_ns)

    assert today.volume == sum(part.volume for part in parts)
    assert (today.open, today.close) == (parts[0].open, parts[-1].close)
    assert yesterday.time == midnight - DAY_NS


async def test_a_new_subscriber_gets_the_last_trade_at_once() -> None:
    setting = Setting()
    setting.subscribe(2, Mode.QUOTE)

    [packet] = await setting.received()

    assert isinstance(packet, QuotePacket)
    assert packet.security_id == setting.exchange.market.listings[2].security_id


async def test_an_index_answers_ticker_mode_only_and_tells_its_previous_close() -> None:
    setting = Setting()
    for mode in (Mode.FULL, Mode.QUOTE):
        setting.subscribe(0, mode)
    assert await setting.received() == []

    setting.subscribe(0, Mode.TICKER)
    setting.run(20)

    kinds = [type(packet) for packet in await setting.received()]
    assert kinds[:2] == [TickerPacket, PreviousClosePacket]
    assert set(kinds[2:]) == {TickerPacket}


async def test_quotes_of_derivatives_bring_open_interest_when_it_changes() -> None:
    setting = Setting()
    setting.subscribe(place(setting.exchange.market.listings, "future"), Mode.QUOTE)
    setting.run(180)

    interests = [packet for packet in await setting.received() if isinstance(packet, OpenInterestPacket)]

    assert 3 <= len(interests) <= 5
    assert all(before != after for before, after in pairwise(interests[1:]))


async def test_unsubscribed_instruments_fall_silent() -> None:
    setting = Setting()
    setting.subscribe(2, Mode.QUOTE)
    setting.run(10)
    await setting.received()

    setting.door.unsubscribe(setting.subscriber, 2, Mode.QUOTE)
    setting.run(30)

    assert await setting.received() == []
    assert setting.door.statistics().subscriptions == 0


async def test_two_modes_of_one_instrument_are_two_subscriptions() -> None:
    setting = Setting()
    setting.subscribe(2, Mode.QUOTE)
    setting.subscribe(2, Mode.TICKER)
    setting.run(60)

    kinds = [type(packet) for packet in await setting.received()]

    assert kinds.count(TickerPacket) == kinds.count(QuotePacket) > 10


async def test_lost_trades_are_missing_in_the_stream_but_not_in_history() -> None:
    setting = Setting(faults="drop@0+600")
    setting.subscribe(2, Mode.QUOTE)
    await setting.received()
    setting.run(120)

    assert await setting.received() == []
    assert setting.door.statistics().faults.lost > 20
    remembered = await minutes(setting.exchange.market, 2, NOON, NOON + DAY_NS, now_ns=setting.exchange.now_ns)
    assert len(remembered) >= 2


async def test_a_slow_reader_loses_the_oldest_and_it_is_counted() -> None:
    subscriber = Subscriber(DhanSpeech(), most_pending=10)
    subscriber.put([bytes([number]) for number in range(8)])
    subscriber.put([bytes([number]) for number in range(8, 15)])

    assert subscriber.pending == 10
    assert subscriber.overflowed == 5
    assert await subscriber.take() == bytes(range(5, 15))
    assert MOST_PENDING * 162 < 10_000_000


async def test_frames_carry_a_hundred_packets_at_most() -> None:
    subscriber = Subscriber(DhanSpeech())
    subscriber.put([b"x"] * 250)

    assert [len(await subscriber.take()) for _ in range(3)] == [100, 100, 50]


async def test_a_client_that_left_is_forgotten() -> None:
    setting = Setting()
    for index in range(1, 5):
        setting.subscribe(index, Mode.QUOTE)

    setting.door.leave(setting.subscriber)

    statistics = setting.door.statistics()
    assert (statistics.clients, statistics.subscriptions) == (0, 0)


async def test_thousands_of_instruments_turn_their_minutes_without_holding_up_a_step() -> None:
    setting = Setting()
    for index in range(2, 12):
        setting.subscribe(index, Mode.QUOTE)
    setting.run(40)

    cursors = setting.exchange._stream._cursors  # pyright: ignore[reportPrivateUsage]
    prepared = [cursor.upcoming is not None for cursor in cursors.values()]

    assert all(prepared)


def test_the_clock_runs_at_its_speed_from_its_start() -> None:
    below = ManualClock(0)
    clock = ExchangeClock(below.now_ns, start_ns=NOON, speed=60)

    below.pass_s(2)

    assert clock.now_ns() == NOON + 2 * MINUTE_NS


async def test_bad_prints_are_told_to_clients_and_are_no_part_of_history() -> None:
    setting = Setting(faults="bad_print=0.3+9999")
    index = place(setting.exchange.market.listings, "equity")
    setting.subscribe(index, Mode.QUOTE)
    setting.run(5 * 60)
    quotes = [packet for packet in await setting.received() if isinstance(packet, QuotePacket)]
    wrong = [quote for quote in quotes if not quote.day_low * 0.9 < quote.last_price < quote.day_high * 1.1]
    assert len(wrong) > len(quotes) / 10
    assert setting.door.statistics().faults.misprinted == len(wrong)
    told = await minutes(setting.exchange.market, index, NOON, NOON + DAY_NS, now_ns=setting.exchange.now_ns)
    assert max(candle.high for candle in told) < 1.5 * min(candle.low for candle in told)


async def test_a_change_of_level_is_true_in_the_feed_and_in_history() -> None:
    setting = Setting(faults="level_shift=1.5@150")
    index = place(setting.exchange.market.listings, "future")
    setting.subscribe(index, Mode.QUOTE)
    setting.run(5 * 60 + 20)
    streamed = await streamed_candles(setting, index)
    exchange = setting.exchange
    remembered = await minutes(exchange.market, index, NOON, NOON + DAY_NS, now_ns=exchange.now_ns)
    assert list(map(bare, streamed))[1:] == list(map(bare, remembered))
    assert remembered[2].high > 1.4 * remembered[2].low
    assert remembered[3].low > 1.4 * remembered[1].low
    [today] = await days(exchange.market, index, NOON - DAY_NS, NOON + DAY_NS, now_ns=exchange.now_ns)
    assert today.high == max(candle.high for candle in remembered)
    last = exchange.market.last(index, exchange.now_ns)
    assert last is not None
    assert last.price == remembered[-1].close
