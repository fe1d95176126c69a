"""Candles through a view: pushes show what a chart would, and nothing is guessed before it is known."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.market import Calendar, Candle, CandleState, View, WickLimit
from tests.web.hub.test_hub import CANDLE, MINUTE, candle, flush, followed
from tests.web.lines import MemoryLine
from web.hub import Hub
from web.protocol import Channel, Kind
from web.protocol.channels import parse_channel

JOINED = Channel("candle.NSE:X.1m?continuous=true", Kind.CANDLE, "NSE:X", "1m", View(continuous=True))
CLAMPED = Channel("candle.NSE:X.1m?wick=2", Kind.CANDLE, "NSE:X", "1m", View(wick=WickLimit(2.0)))


def before(minute: int, close: float) -> Candle:
    return Candle("NSE:X", "1m", minute * MINUTE, close, close, close, close, 1, state=CandleState.FINAL)


def shown(line: MemoryLine) -> list[tuple[str, str, float, float, float]]:
    data: list[Any] = [
        message["data"] | {"channel": message["channel"]} for message in line.messages() if "data" in message
    ]
    return [(row["channel"], row["state"], row["open"], row["high"], row["low"]) for row in data]


def test_a_forming_candle_opens_where_the_one_before_closed() -> None:
    hub = Hub()
    _, line = followed(hub, JOINED)
    hub.put_closes("NSE:X", "1m", [before(4, 12.0)])
    hub.put_forming(candle(5, 3.0))
    flush(hub)

    assert shown(line) == [(JOINED.name, "forming", 12.0, 12.0, 1.0)]


def test_nothing_is_shown_as_continuous_before_it_is_known_what_it_goes_on_from() -> None:
    hub = Hub()
    _, line = followed(hub, JOINED, CANDLE)
    assert hub.begun([("NSE:X", "1m")]) == [("NSE:X", "1m")]
    hub.put_forming(candle(5, 3.0))
    flush(hub)
    assert [row[0] for row in shown(line)] == [CANDLE.name]
    hub.put_closes("NSE:X", "1m", [])
    hub.put_forming(candle(5, 4.0))
    flush(hub)

    assert hub.begun([("NSE:X", "1m")]) == []
    assert [row[0] for row in shown(line)].count(JOINED.name) == 1


def test_a_final_candle_is_what_the_next_ones_go_on_from_also_when_it_comes_late() -> None:
    hub = Hub()
    _, line = followed(hub, JOINED)
    hub.put_closes("NSE:X", "1m", [])
    hub.put_forming(candle(5, 3.0))
    flush(hub)
    hub.put_forming(candle(6, 4.0))
    flush(hub)
    hub.publish_candle(candle(5, 3.5, "final"), "1-0")
    hub.put_forming(candle(6, 4.0))
    flush(hub)

    assert [(state, opening) for _, state, opening, _, _ in shown(line)] == [
        ("forming", 1.0),
        ("forming", 3.0),
        ("final", 1.0),
        ("forming", 3.5),
    ]


def test_who_wants_another_view_or_none_gets_its_own() -> None:
    hub = Hub()
    _, plain = followed(hub, CANDLE)
    _, joined = followed(hub, JOINED)
    _, clamped = followed(hub, CLAMPED)
    hub.put_closes("NSE:X", "1m", [before(4, 12.0)])
    hub.publish_candle(candle(5, 3.0, "final"), "1-0")
    flush(hub)

    assert shown(plain) == [(CANDLE.name, "final", 1.0, 9.0, 1.0)]
    assert shown(joined) == [(JOINED.name, "final", 12.0, 12.0, 1.0)]
    assert shown(clamped) == [(CLAMPED.name, "final", 1.0, 5.0, 1.0)]


def test_a_view_nobody_follows_any_more_is_forgotten() -> None:
    hub = Hub()
    outbox, _ = followed(hub, JOINED, CANDLE)
    assert hub.unfollow(outbox, JOINED.name)
    hub.publish_candle(candle(5, 3.0, "final"), "1-0")
    hub.leave(outbox)

    assert hub.topics() == []
    assert hub.begun([("NSE:X", "1m")]) == []


@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 50)), max_size=30, unique_by=lambda one: one[0]),
    st.builds(View, st.booleans(), st.one_of(st.none(), st.builds(WickLimit, st.floats(0, 5)))),
)
def test_what_is_pushed_is_what_the_chart_shows(prices: list[tuple[int, int]], view: View) -> None:
    hub = Hub()
    channel = Channel("candle.NSE:X.1m?…", Kind.CANDLE, "NSE:X", "1m", view)
    _, line = followed(hub, channel)
    hub.put_closes("NSE:X", "1m", [])
    bars = [
        Candle("NSE:X", "1m", minute * MINUTE, 1.0, 60.0, 0.5, float(close), 10) for minute, close in sorted(prices)
    ]
    for number, bar in enumerate(bars):
        value = candle(bar.time // MINUTE, bar.close, "final")
        value = type(value)("NSE:X", "1m", bar.time, 1.0, 60.0, 0.5, bar.close, 10, state="final")
        hub.publish_candle(value, f"{number}-0")
        flush(hub)

    expected = [(bar.open, bar.high, bar.low) for bar in view.of(bars, Calendar.continuous())]
    assert [row[2:] for row in shown(line)] == expected


def test_a_channel_names_its_view_and_a_view_that_is_none_is_refused() -> None:
    item = parse_channel("candle.NSE:X.1m?continuous=true&wick=0.5%")
    assert item.channel is not None
    assert item.channel.view == View(continuous=True, wick=WickLimit(0.5, percent=True))
    assert (item.channel.symbol, item.channel.timeframe) == ("NSE:X", "1m")
    for written in ("?", "?continuous=perhaps", "?wick=-1", "?colour=red"):
        refused = parse_channel(f"candle.NSE:X.1m{written}")
        assert refused.channel is None
        assert refused.problem is not None
