"""How providers serve exchanges: as their worst line does, and no better than their bytes."""

from engine.market import Candle, CandleState, Tick
from engine.market.diagnosis import Cause
from engine.market.feed_health import DAMAGE_WINDOW_S, FeedHealth, Health
from engine.market.feed_quality import HOUR_NS, Completeness, Lags

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
NOW = 1_795_069_800 * SECOND
NSE, MCX = ("dhan", "NSE"), ("dhan", "MCX")


def up() -> FeedHealth:
    health = FeedHealth()
    for connection, exchanges in ((0, ("NSE",)), (1, ("NSE", "MCX"))):
        health.carries("dhan", connection, exchanges)
        health.is_told("dhan", connection, Cause.LIVE, "", NOW)
    return health


def test_a_provider_serves_an_exchange_as_well_as_its_worst_line_there() -> None:
    health = up()
    health.heard("dhan", 0, NOW + SECOND)
    health.is_told("dhan", 0, Cause.STALLED, "no data", NOW + 9 * SECOND)
    found = health.look(9.0, NOW + 9 * SECOND)
    assert found == {NSE: Health(well=False, since_ns=NOW + SECOND, why="no data"), MCX: Health(well=True)}


def test_of_two_lines_that_are_unwell_the_doubt_begins_with_the_first() -> None:
    health = up()
    health.is_told("dhan", 0, Cause.STALLED, "late", NOW + 9 * SECOND)
    health.is_told("dhan", 1, Cause.TOKEN_DEAD, "early", NOW + 3 * SECOND)
    assert health.look(9.0, NOW + 9 * SECOND)[NSE].why == "early"


def test_a_line_that_carries_nothing_any_more_is_nobodys_trouble() -> None:
    health = up()
    health.is_told("dhan", 1, Cause.DISCONNECTED, "gone", NOW)
    health.carries("dhan", 1, ())
    assert health.look(1.0, NOW) == {NSE: Health(well=True)}


def test_a_closed_exchange_makes_nobody_unwell() -> None:
    health = up()
    health.is_told("dhan", 0, Cause.CLOSED, "night", NOW)
    assert health.look(1.0, NOW)[NSE].well


def test_a_line_whose_packets_are_damaged_is_unwell_until_they_have_been_sound_for_a_while() -> None:
    health = up()
    for second, (packets, damaged) in enumerate(((1_000, 0), (2_000, 1), (3_000, 12))):
        health.counted("dhan", 0, packets, damaged, float(second))
    found = health.look(2.0, NOW)[NSE]
    assert (found.well, found.since_ns, found.why) == (False, NOW - MINUTE, "0.4% of its packets are damaged")
    health.counted("dhan", 0, 3_100, 12, 2.0 + DAMAGE_WINDOW_S + 1)
    assert health.look(2.0 + DAMAGE_WINDOW_S + 1, NOW)[NSE].well


def test_one_damaged_packet_is_an_accident() -> None:
    health = up()
    health.counted("dhan", 0, 10, 1, 0.0)
    assert health.look(1.0, NOW)[NSE].well


def test_another_connection_counts_from_zero() -> None:
    health = up()
    health.counted("dhan", 0, 10_000, 0, 0.0)
    health.counted("dhan", 0, 100, 50, 1.0)
    assert not health.look(1.0, NOW)[NSE].well


def tick(lag_ms: int) -> Tick:
    return Tick("NSE:A", 1.0, 1, 1, NOW - lag_ms * 1_000_000, NOW, "dhan")


def test_the_lag_is_that_of_the_last_minute_and_greetings_have_none() -> None:
    lags = Lags()
    assert lags.told(NOW) is None
    lags.heard([tick(lag) for lag in range(1, 101)])
    lags.heard([tick(3_600_000)])
    assert lags.told(NOW) == (51.0, 96.0)
    assert lags.told(NOW + MINUTE) is None


def minute(number: int, *, flagged: bool, name: str = "NSE:A", revised: bool = False) -> Candle:
    state = CandleState.REVISED if revised else CandleState.FINAL
    time = NOW + number * MINUTE
    return Candle(name, "1m", time, 1, 1, 1, 1, 1, state=state, source="dhan", resolve_required=flagged)


def test_completeness_is_the_share_of_minutes_that_were_whole() -> None:
    completeness = Completeness()
    assert completeness.share(NOW) is None
    for number in range(4):
        completeness.closed(minute(number, flagged=number == 0))
    assert completeness.share(NOW + 4 * MINUTE) == 0.75
    completeness.closed(minute(1, flagged=True))  # an interruption that reached back
    completeness.closed(minute(1, flagged=False, revised=True))  # healed, which makes it no better when it counted
    assert completeness.share(NOW + 4 * MINUTE) == 0.5
    assert completeness.share(NOW + HOUR_NS + 10 * MINUTE) is None
