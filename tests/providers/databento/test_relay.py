"""The relay's adapter: its messages, its feed and its record, by a script and against the shipped exchange."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio_websocket import WebSocketConnection

from engine.market.quote import Quote
from engine.market.tick import Tick
from engine.providers.base import Advice, Notification, PlanError, ProviderError, Route
from engine.providers.databento.account import RelayEndpoint
from engine.providers.databento.relay.decoder import RelayDecoder
from engine.providers.databento.relay.history import MOST_BARS, RelayHistory, RelayLimits
from engine.providers.databento.relay.messages import Bar, read_bar, read_bars
from engine.providers.databento.relay.session import RelayFeed
from engine.providers.databento.relay.told import ToldBars
from engine.providers.retry import RetryPolicy
from engine.providers.simulator.faults import parse_faults
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.server import Simulator
from engine.providers.simulator.server import serve as serve_exchange
from engine.providers.socket import Patience
from tests.providers.databento.streams import MINUTE, NOW
from tests.providers.feed_server import FeedServer, serve

GOLD = Route("COMEX:GC", "COMEX", "GC", 0.1, "future", target="gold")
OIL = Route("NYMEX:CL", "NYMEX", "CL", 0.01, "future", target="oil")
QUICK = RelayLimits(calls_per_second=1000, timeout_s=2.0)
ONCE = RetryPolicy(attempts=1)
PATIENCE = Patience(connect_s=0.5, send_s=0.5, silence_s=0.6, goodbye_s=0.5)
ROW = {"time": NOW // 1_000_000, "open": 4081.5, "high": 4082.0, "low": 4080.9, "close": 4081.2, "volume": 120}
BAR = Bar(NOW, 4081.5, 4082.0, 4080.9, 4081.2, 120)


def message(kind: str, **fields: Any) -> str:
    return msgspec.json.encode({"type": kind, **fields}).decode()


def tick(symbol: str = "GC", price: Any = 4081.5, **fields: Any) -> str:
    return message("tick", symbol=symbol, price=price, **({"size": 2} | fields))


def candle(time_ns: int, *, timeframe: str = "1m", volume: int = 120) -> str:
    row = ROW | {"time": time_ns // 1_000_000, "volume": volume}
    return message("candle", symbol="GC", timeframe=timeframe, data=row)


# Messages


def test_a_tick_is_a_trade_as_of_its_receipt() -> None:
    decoder = RelayDecoder([GOLD])

    ((target, told),) = decoder.decode(tick(price=4081.5, size=3).encode(), NOW)

    assert target == "gold"
    assert told == Tick("COMEX:GC", 4081.5, 3, None, NOW, NOW, "databento_relay")


def test_bars_make_no_ticks() -> None:
    decoder = RelayDecoder([GOLD])

    assert decoder.decode(candle(NOW).encode(), NOW) == []
    assert decoder.decode(message("historical_candles", symbol="GC", candles=[ROW]).encode(), NOW) == []
    statistics = decoder.statistics()
    assert (statistics.packets, statistics.unknown_codes, statistics.malformed) == (2, 0, 0)


@pytest.mark.parametrize(
    ("frame", "count"),
    [
        (b"no json", "malformed"),
        (b"[1, 2]", "malformed"),
        (b"\xff\xfe", "malformed"),
        (b"[" * 100_000, "malformed"),
        (b'{"type": "weather"}', "unknown_codes"),
        (b'{"type": ["tick"]}', "unknown_codes"),
        (tick(symbol="XX").encode(), "unmapped"),
        (tick(price="4081").encode(), "malformed"),
        (tick(price=True).encode(), "malformed"),
        (tick(size=-1).encode(), "malformed"),
        (tick(size="2").encode(), "malformed"),
        (tick(price=0).encode(), "unpriced"),
        (tick(price=-4).encode(), "unpriced"),
        (tick(price=1e300).encode(), "unpriced"),
    ],
)
def test_what_can_be_no_trade_is_counted(frame: bytes, count: str) -> None:
    decoder = RelayDecoder([GOLD])

    assert decoder.decode(frame, NOW) == []
    assert getattr(decoder.statistics(), count) == 1


def test_a_price_is_put_on_the_grid_and_a_missing_size_is_none() -> None:
    decoder = RelayDecoder([GOLD])

    ((_, told),) = decoder.decode(b'{"type": "tick", "symbol": "GC", "price": 4081.5400390625}', NOW)

    assert (told.price, told.size) == (4081.5, 0)


def test_several_messages_may_share_a_frame() -> None:
    decoder = RelayDecoder([GOLD, OIL])
    frame = f"[{tick()},{candle(NOW)},{tick('CL', 60.12)}]"

    assert [target for target, _ in decoder.decode(frame.encode(), NOW)] == ["gold", "oil"]


@given(st.binary(max_size=200))
def test_any_bytes_raise_nothing(frame: bytes) -> None:
    decoder = RelayDecoder([GOLD])
    decoder.decode(frame, NOW)
    assert decoder.statistics().frames == 1


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(list(ROW)), inner, max_size=4),
    max_leaves=8,
)


@given(st.fixed_dictionaries({"type": st.just("tick"), "symbol": json | st.just("GC"), "price": json, "size": json}))
def test_any_json_raises_nothing(told: dict[str, Any]) -> None:
    for _, made in RelayDecoder([GOLD]).decode(msgspec.json.encode(told), NOW):
        assert made.price > 0
        assert made.size >= 0


@given(json)
def test_any_bar_is_one_or_is_told_as_none(row: Any) -> None:
    try:
        assert read_bar(row).volume >= 0
    except ProviderError:
        return


SHORT = {"t": ROW["time"], "o": 4081.5, "h": 4082.0, "l": 4080.9, "c": 4081.2, "v": 120.0}


@pytest.mark.parametrize(
    "row", [ROW, SHORT, list(SHORT.values()), [*SHORT.values(), "and more"], ROW | {"time": str(ROW["time"])}]
)
def test_bars_are_understood_in_every_likely_shape(row: Any) -> None:
    assert read_bars({"candles": [row]}) == read_bars({"data": [row]}) == [BAR]


def test_a_bar_without_a_volume_has_none() -> None:
    assert read_bar([*SHORT.values()][:5]).volume == 0
    assert read_bar({name: value for name, value in ROW.items() if name != "volume"}).volume == 0


@pytest.mark.parametrize(
    "answer", [{}, {"candles": "none"}, {"candles": [[1, 2]]}, {"candles": [ROW | {"time": NOW}]}, {"candles": [None]}]
)
def test_an_unknown_form_is_told_as_such(answer: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match=r"form|list of candles"):
        read_bars(answer)


def test_only_bars_that_a_later_one_followed_are_evidence() -> None:
    told = ToldBars()
    for text in (candle(NOW, volume=10), candle(NOW, volume=20), candle(NOW + MINUTE), candle(NOW + 2 * MINUTE)):
        told.take(msgspec.json.decode(text))
    told.take({"symbol": "GC", "timeframe": "1m", "data": "rubbish"})
    told.take({"symbol": "XX", "timeframe": "1m", "data": ROW})

    assert [(bar.time_ns, bar.volume) for bar in told.closed("GC", "1m")] == [(NOW, 20), (NOW + MINUTE, 120)]
    assert told.closed("CL", "1m") == []


def test_what_was_told_is_kept_within_bounds() -> None:
    told = ToldBars()
    for minute in range(2000):
        told.take(msgspec.json.decode(candle(NOW + minute * MINUTE)))
    assert len(told.closed("GC", "1m")) == 599


# The feed


def feed_at(url: str, **options: Any) -> RelayFeed:
    return RelayFeed(RelayEndpoint(url), patience=PATIENCE, clock=lambda: NOW, **options)


async def test_symbols_are_asked_for_and_trades_arrive() -> None:
    told, notes = ToldBars(), list[Notification]()

    async def play(server: FeedServer, socket: WebSocketConnection) -> None:
        for _ in range(2):
            await server.next_request(socket)
        for text in (
            message("historical_candles", symbol="GC", timeframe="1m", candles=[ROW]),
            candle(NOW),
            message("error", message="no such symbol"),
            candle(NOW + MINUTE),
            tick(),
        ):
            await socket.send_message(text)

    async with serve(play) as server:
        feed = feed_at(server.url, told=told)
        async with feed.connect([GOLD, OIL], notify=notes.append) as connection:
            assert await connection.receive() == tick().encode()
        await server.closed.wait()

    assert server.requests == [
        {"type": "get_history", "symbol": symbol, "timeframe": "1m", "bars": 2} for symbol in ("GC", "CL")
    ]
    assert told.closed("GC", "1m") == [BAR]
    assert [(note.kind, note.data["message"]) for note in notes] == [("error", "no such symbol")]


async def quiet(server: FeedServer, socket: WebSocketConnection) -> None:
    """Accepts, answers pings and says nothing."""


async def test_answers_to_our_pings_keep_a_quiet_line() -> None:
    async with serve(quiet) as server, feed_at(server.url, ping_s=0.1).connect([GOLD]) as connection:
        with trio.move_on_after(PATIENCE.silence_s * 3) as waiting:
            await connection.receive()
        assert waiting.cancelled_caught
        assert trio.current_time() - connection.heard_s < 0.5


async def test_without_an_answer_the_line_is_given_up() -> None:
    async with serve(quiet) as server, feed_at(server.url).connect([GOLD]) as connection:
        with pytest.raises(ProviderError, match="silent") as raised, trio.fail_after(5):
            await connection.receive()
    assert raised.value.advice is Advice.RETRY


@pytest.mark.parametrize(("status", "advice", "wait_s"), [(429, Advice.WAIT, 60.0), (503, Advice.RETRY, None)])
async def test_a_refused_handshake_is_told(status: int, advice: Advice, wait_s: float | None) -> None:
    async with serve(quiet, reject=(status, {})) as server:
        with pytest.raises(ProviderError, match=str(status)) as raised:
            async with feed_at(server.url).connect([GOLD]):
                pass
    assert (raised.value.advice, raised.value.wait_s) == (advice, wait_s)


def test_only_what_the_relay_carries_is_planned() -> None:
    feed = feed_at("ws://relay")
    strange = Route("COMEX:HG", "COMEX", "HG", 0.0005, "future")

    assert feed.plan([GOLD, OIL]) == [[GOLD, OIL]]
    with pytest.raises(PlanError, match="COMEX:HG") as raised:
        feed.plan([GOLD, strange])
    assert raised.value.routes == (strange,)


def test_two_instruments_of_one_symbol_could_not_be_told_apart() -> None:
    twin = Route("COMEX:GC1!", "COMEX", GOLD.security_id, 0.1, "future")

    with pytest.raises(PlanError, match="share one symbol") as raised:
        feed_at("ws://relay").plan([GOLD, OIL, twin])
    assert raised.value.routes == (GOLD, twin)


@pytest.mark.parametrize("url", ["https://x", "wss://", "wss://x?y=z"])
def test_an_address_that_is_no_web_socket_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="wss://host"):
        RelayEndpoint(url)


# The record


@asynccontextmanager
async def answering(
    *answers: str | Callable[[Any], str], told: ToldBars | None = None, retry: RetryPolicy = ONCE
) -> AsyncGenerator[tuple[FeedServer, RelayHistory]]:
    async def play(server: FeedServer, socket: WebSocketConnection) -> None:
        request = await server.next_request(socket)
        for answer in answers:
            await socket.send_message(answer if isinstance(answer, str) else answer(request))

    async with serve(play) as server:
        yield (
            server,
            RelayHistory(RelayEndpoint(server.url), limits=QUICK, retry=retry, told=told, clock=lambda: NOW),
        )


def bars(*times: int, **more: Any) -> str:
    rows = [ROW | {"time": time_ns // 1_000_000} for time_ns in times]
    return message("historical_candles", **({"symbol": "GC", "timeframe": "1m", "candles": rows} | more))


async def test_the_answer_is_found_among_what_else_comes() -> None:
    other = bars(NOW - 5 * MINUTE, symbol="CL"), bars(NOW - 5 * MINUTE, timeframe="5m")
    answers = (tick(), *other, candle(NOW), "[]", bars(NOW - 3 * MINUTE, NOW - 2 * MINUTE, NOW - MINUTE))
    async with answering(*answers) as (server, history):
        candles = await history.minutes(GOLD, NOW - 2 * MINUTE, NOW)

    assert [(c.time, c.close, c.volume, c.source) for c in candles] == [
        (NOW - 2 * MINUTE, 4081.2, 120, "databento_relay"),
        (NOW - MINUTE, 4081.2, 120, "databento_relay"),
    ]
    assert server.requests == [{"type": "get_history", "symbol": "GC", "timeframe": "1m", "bars": 4}]


async def test_an_answer_may_come_in_parts() -> None:
    parts = bars(NOW - 3 * MINUTE, more=True), bars(NOW - 2 * MINUTE, more=False)
    async with answering(*parts) as (_, history):
        assert len(await history.minutes(GOLD, NOW - 3 * MINUTE, NOW)) == 2


async def test_no_more_is_asked_for_than_one_answer_holds() -> None:
    async with answering(bars(NOW)) as (server, history):
        await history.candles(GOLD, "1m", NOW - 400 * 24 * 60 * MINUTE, NOW)
    assert server.requests[0]["bars"] == MOST_BARS


async def test_bars_the_feed_was_told_fill_up_what_the_answer_lacks_and_replace_nothing() -> None:
    told = ToldBars()
    for minute in (-4, -2, -1, 0):
        told.take(msgspec.json.decode(candle(NOW + minute * MINUTE, volume=7)))
    async with answering(bars(NOW - 3 * MINUTE, NOW - 2 * MINUTE), told=told) as (_, history):
        candles = await history.minutes(GOLD, NOW - 10 * MINUTE, NOW + MINUTE)

    volumes = [((candle.time - NOW) // MINUTE, candle.volume) for candle in candles]
    assert volumes == [(-3, 120), (-2, 120), (-1, 7)]


async def test_an_error_in_words_may_pass() -> None:
    async with answering(message("error", message="try later")) as (_, history):
        with pytest.raises(ProviderError, match="try later") as raised:
            await history.minutes(GOLD, NOW - MINUTE, NOW)
    assert raised.value.advice is Advice.RETRY


async def test_an_answer_that_does_not_come_is_given_up() -> None:
    async with answering(tick()) as (_, history):
        with trio.fail_after(10), pytest.raises(ProviderError, match=r"silent|did not answer"):
            await history.minutes(GOLD, NOW - MINUTE, NOW)


@pytest.mark.parametrize(("timeframe", "route"), [("7m", GOLD), ("1m", Route("X:Y", "X", "Y", 1.0, "equity"))])
async def test_what_the_relay_does_not_have_is_a_request_to_be_mended(timeframe: str, route: Route) -> None:
    async with answering() as (server, history):
        with pytest.raises(ProviderError) as raised:
            await history.candles(route, timeframe, NOW - MINUTE, NOW)
    assert raised.value.advice is Advice.FIX_REQUEST
    assert server.requests == []


async def test_the_last_trade_is_that_of_the_newest_minute() -> None:
    strange = Route("COMEX:HG", "COMEX", "HG", 0.0005, "future")
    async with answering(bars(NOW - MINUTE, NOW)) as (_, history):
        assert await history.quotes([GOLD, strange]) == {"COMEX:GC": Quote(4081.2, NOW)}


# Against the shipped exchange

DOOR = "simulator_relay"


@asynccontextmanager
async def exchange(**options: Any) -> AsyncGenerator[tuple[Simulator, RelayFeed, RelayHistory]]:
    wanted = {"instruments": 2, "world": True, "start_ns": NOW, "ticks_per_second": 600.0} | options
    async with trio.open_nursery() as nursery:
        simulator: Simulator = await nursery.start(
            serve_exchange, SimulatorOptions(doors=(DoorOptions(DOOR),), **wanted)
        )
        endpoint, told = RelayEndpoint(simulator.addresses[DOOR].feed_url), ToldBars()
        feed = RelayFeed(endpoint, name=DOOR, told=told)
        clock = lambda: simulator.exchange.now_ns  # noqa: E731
        yield simulator, feed, RelayHistory(endpoint, name=DOOR, told=told, limits=QUICK, retry=ONCE, clock=clock)
        nursery.cancel_scope.cancel()


async def test_live_candles_are_made_of_ticks_alone_and_the_record_confirms_them() -> None:
    ticks: list[Tick] = []
    async with exchange(speed=60.0, ticks_per_second=60.0) as (simulator, feed, history):
        decoder = feed.decoder([GOLD])
        async with feed.connect([GOLD]) as connection:
            with trio.fail_after(20):
                while simulator.exchange.now_ns < NOW + 3 * MINUTE:
                    told = decoder.decode(await connection.receive(), simulator.exchange.now_ns)
                    ticks += [tick for _, tick in told]
        candles = {c.time: c for c in await history.minutes(GOLD, NOW, NOW + 3 * MINUTE)}

    volume = sum(candle.volume for candle in candles.values())
    assert 0.8 * volume < sum(tick.size for tick in ticks) <= 1.05 * volume  # twice would be 2
    assert decoder.statistics().malformed == 0


async def test_days_are_made_of_what_was_traded_in_the_session() -> None:
    async with exchange() as (_, _, history):
        (day,) = await history.days(GOLD, date(2026, 11, 19), date(2026, 11, 19))
        hours = await history.candles(GOLD, "1h", NOW - 48 * 60 * MINUTE, NOW)

    inside = [hour for hour in hours if day.time - 7 * 60 * MINUTE <= hour.time < day.time + 16 * 60 * MINUTE]
    assert day.volume == sum(hour.volume for hour in inside)
    assert len(inside) == 23


async def test_after_a_cut_the_feed_ticks_again() -> None:
    async with exchange() as (simulator, feed, _):
        with pytest.raises(ProviderError) as ended:
            await cut(simulator, feed)
        async with feed.connect([GOLD]) as connection:
            assert await connection.receive()

    assert ended.value.advice is Advice.RETRY


async def cut(simulator: Simulator, feed: RelayFeed) -> None:
    door = simulator.exchange.doors[DOOR]
    async with feed.connect([GOLD]) as connection:
        await connection.receive()
        door.faults.plan(parse_faults("close"), now_s=simulator.exchange.elapsed_s)
        with trio.fail_after(10):
            while True:
                await connection.receive()
