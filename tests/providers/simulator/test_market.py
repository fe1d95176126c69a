"""The synthetic market: what it remembers is what it trades, every time it is asked."""

import pytest

from engine.market.candle import Candle
from engine.providers.simulator.history import aggregate, merge
from engine.providers.simulator.hours import DAY_NS, INDIA_NS, MINUTE_NS, SECOND_NS
from engine.providers.simulator.market import SyntheticMarket
from engine.providers.simulator.tape import Trade
from tests.providers.simulator.markets import at, place, synthetic

MORNING = at("2026-11-20 00:00:00")
NOON = at("2026-11-20 12:00:00")


def trades_of(market: SyntheticMarket, index: int, start_ns: int, minutes: int) -> list[Trade]:
    tapes = (market.tape(index, start_ns + minute * MINUTE_NS) for minute in range(minutes))
    return [tape.event(number) for tape in tapes if tape for number in range(len(tape.times))]


@pytest.mark.parametrize("kind", ["equity", "index", "future"])
@pytest.mark.parametrize("trades_per_minute", [0.5, 3, 60])
def test_history_is_the_candles_of_the_trades(kind: str, trades_per_minute: float) -> None:
    market = synthetic(trades_per_minute=trades_per_minute)
    index = place(market.listings, kind)
    tapes = [market.tape(index, NOON + minute * MINUTE_NS) for minute in range(90)]

    traded = [aggregate(market.listings[index], tape, upto_ns=tape.times[-1]) for tape in tapes if tape]

    assert traded == market.minutes(index, NOON, NOON + 90 * MINUTE_NS)
    assert traded


@pytest.mark.parametrize("option_type", ["CE", "PE"])
def test_history_is_the_candles_of_the_trades_of_options_too(option_type: str) -> None:
    market = synthetic(instruments=60)
    index = place(market.listings, "option", option_type=option_type)
    tapes = [market.tape(index, NOON + minute * MINUTE_NS) for minute in range(30)]

    traded = [aggregate(market.listings[index], tape, upto_ns=tape.times[-1]) for tape in tapes if tape]

    assert traded == market.minutes(index, NOON, NOON + 30 * MINUTE_NS)


@pytest.mark.parametrize("index", [0, 2, 5, 9])
@pytest.mark.parametrize("trades_per_minute", [0.5, 30])
def test_a_day_is_its_minutes(index: int, trades_per_minute: float) -> None:
    market = synthetic(trades_per_minute=trades_per_minute)

    merged = merge(market.minutes(index, MORNING, MORNING + DAY_NS), "1d", DAY_NS, origin_ns=-INDIA_NS)

    assert market.days(index, MORNING, MORNING + DAY_NS) == merged


def test_another_market_of_the_same_seed_trades_the_same() -> None:
    before, after = synthetic(), synthetic()

    assert trades_of(after, 2, NOON, 5) == trades_of(before, 2, NOON, 5)


def test_another_seed_is_another_market() -> None:
    assert trades_of(synthetic(seed=1), 2, NOON, 1) != trades_of(synthetic(seed=2), 2, NOON, 1)


def test_a_restart_with_more_instruments_keeps_the_old_ones_prices() -> None:
    few = synthetic(instruments=12).minutes(2, NOON, NOON + 10 * MINUTE_NS)
    many = synthetic(instruments=100).minutes(2, NOON, NOON + 10 * MINUTE_NS)

    assert few == many


def test_the_days_running_figures_run_through_the_day() -> None:
    market = synthetic()
    index = place(market.listings, "future")
    trades = trades_of(market, index, MORNING, 150)

    volume, high, low = 0, 0.0, 1e9
    for trade in trades:
        volume += trade.quantity
        high, low = max(high, trade.price), min(low, trade.price)
        assert (trade.volume, trade.day_high, trade.day_low) == (volume, high, low)
        assert trade.day_open == trades[0].price
        assert trade.lowest_open_interest <= trade.open_interest <= trade.highest_open_interest
        assert low <= trade.average_price <= high
        assert trade.quantity % market.listings[index].lot_size == 0
        assert trade.quantity > 0


def test_cumulative_figures_begin_again_at_indian_midnight() -> None:
    market = synthetic()
    last, first = trades_of(market, 2, MORNING - MINUTE_NS, 1)[-1], trades_of(market, 2, MORNING, 1)[0]

    assert first.volume == first.quantity < last.volume
    assert first.previous_close == last.price


def test_trades_stay_inside_their_minute_and_in_order() -> None:
    market = synthetic(trades_per_minute=240)
    tape = market.tape(2, NOON + 30 * SECOND_NS)

    assert tape is not None
    assert tape.opens_ns == NOON
    assert list(tape.times) == sorted(tape.times)
    assert NOON <= tape.times[0] < tape.times[-1] < NOON + MINUTE_NS


def test_the_trade_rate_is_what_was_asked_for() -> None:
    for rate in (0.5, 3, 60):
        market = synthetic(trades_per_minute=rate)
        count = sum(len(trades_of(market, index, NOON, 120)) for index in range(4)) / 4

        assert 0.6 * rate < count / 120 < 1.4 * rate


def test_a_slow_market_leaves_minutes_out() -> None:
    market = synthetic(trades_per_minute=1)

    minutes = market.minutes(2, NOON, NOON + 120 * MINUTE_NS)

    assert 5 < len(minutes) < 60


def test_an_index_has_no_volume_and_only_derivatives_have_open_interest() -> None:
    market = synthetic()

    def one(kind: str) -> Candle:
        return market.minutes(place(market.listings, kind), NOON, NOON + MINUTE_NS)[0]

    assert (one("index").volume, one("index").open_interest) == (0, None)
    assert one("equity").volume > 0
    assert one("equity").open_interest is None
    assert (one("future").open_interest or 0) > 0


def test_options_follow_their_index() -> None:
    market = synthetic(instruments=60)
    spot = market.minutes(0, NOON, NOON + MINUTE_NS)[0].close
    for option_type, sign in (("CE", 1), ("PE", -1)):
        for index, listing in enumerate(market.listings):
            if listing.option_type == option_type and listing.underlying == "NSE:NIFTY":
                worth = max(sign * (spot - (listing.strike or 0)), 0)
                price = market.minutes(index, NOON, NOON + MINUTE_NS)[0].close
                assert worth - 40 < price < worth + 250


def test_the_last_trade_before_a_moment_is_found_even_in_the_minute_before() -> None:
    market = synthetic(trades_per_minute=1)
    trades = trades_of(market, 2, NOON, 60)
    moment = (trades[-2].time_ns + trades[-1].time_ns) // 2

    assert market.last(2, moment) == trades[-2]
    assert market.last(2, trades[-1].time_ns) == trades[-1]


def test_the_next_traded_minute_is_found_over_quiet_ones() -> None:
    market = synthetic(trades_per_minute=0.5)
    minutes = market.minutes(2, NOON, NOON + 200 * MINUTE_NS)

    tape = market.tape_from(2, minutes[0].time + 1)

    assert tape is not None
    assert tape.opens_ns == minutes[1].time
