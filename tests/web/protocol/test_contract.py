"""The contract's table of messages (section 6): each is understood, and each push has the fields it names."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from engine.market.views import View, WickLimit
from tests.web.lines import MemoryLine
from web.hub import Hub, Outbox
from web.protocol import (
    JSON,
    Authenticate,
    CandleValue,
    Channel,
    CloseChart,
    Code,
    Command,
    Conversation,
    Dialect,
    GetHistory,
    Item,
    Kind,
    Notice,
    Outcome,
    Ping,
    Position,
    PriceValue,
    Problem,
    Status,
    Subscribe,
    Subscribed,
    Unsubscribe,
    historical,
)
from web.protocol.chart import CHART
from web.protocol.full import FULL
from web.protocol.screener import SCREENER
from web.protocol.simple import SIMPLE

if TYPE_CHECKING:
    from collections.abc import Sequence

X = "NSE:RELIANCE"
PRICE = PriceValue(X, 5.0, 1, 10, 2, 4.9, 5.1, 1_000_000_000, 4.0, 6.0, 3.0, 4.5)
CANDLE = CandleValue(X, "1m", 60_000_000_000, 1.0, 2.0, 0.5, 1.5, 10, 3, "final", 0, "simulator")
STATUS = Status("stale", 7, "no packets", X, None, "quiet")
NOTICE = Notice({"id": "j1"})


def followed(*names: tuple[Kind, str, str]) -> tuple[Item, ...]:
    """Items of the full dialect."""
    return tuple(
        Item(name, Channel(name, kind, symbol, "1m" if kind is Kind.CANDLE else "")) for kind, name, symbol in names
    )


CHART_CHANNEL = Channel("X.5m", Kind.CANDLE, "X", "5m")
UNDERSTOOD: list[tuple[dict[str, Any], Command]] = [
    ({"action": "auth", "token": "t"}, Authenticate("t")),
    ({"action": "auth", "ticket": "t"}, Authenticate("", ticket="t")),
    ({"message_type": "auth", "token": "t"}, Authenticate("t")),
    ({"message_type": "auth", "ticket": "t"}, Authenticate("", ticket="t")),
    ({"type": "auth", "token": "t"}, Authenticate("t")),
    ({"type": "auth", "ticket": "t"}, Authenticate("", ticket="t")),
    ({"action": "ping", "id": 7}, Ping(7)),
    ({"message_type": "ping"}, Ping()),
    ({"type": "ping"}, Ping()),
    (
        {"message_type": "subscribe", "channel": "AAPL"},
        Subscribe((Item("AAPL", Channel("AAPL", Kind.DATA, "AAPL")),)),
    ),
    (
        {"message_type": "unsubscribe", "channel": "AAPL"},
        Unsubscribe((Item("AAPL", Channel("AAPL", Kind.DATA, "AAPL")),)),
    ),
    (
        {"type": "get_history", "symbol": "X", "timeframe": "5m", "bars": 500},
        GetHistory(Item("X.5m", CHART_CHANNEL), 500),
    ),
    (
        {"type": "get_history", "symbol": "X", "timeframe": "5m", "continuous": True, "wick": "0.5%"},
        GetHistory(
            Item("X.5m", Channel("X.5m", Kind.CANDLE, "X", "5m", View(True, WickLimit(0.5, percent=True)))), 500
        ),
    ),
    ({"type": "unsubscribe", "symbol": "X", "timeframe": "5m"}, CloseChart(Item("X.5m", CHART_CHANNEL))),
    (
        {"type": "subscribe", "channel": "dashboard_updates", "keys": ["NSE_EQ:1333"]},
        Subscribe((Item("NSE_EQ:1333", Channel("NSE_EQ:1333", Kind.SCREENER, "NSE_EQ:1333")),)),
    ),
    (
        {"type": "unsubscribe", "channel": "dashboard_updates", "keys": []},
        Unsubscribe(()),
    ),
    (
        {
            "id": 7,
            "action": "subscribe",
            "channels": [f"ltp.{X}", f"tick.{X}", f"quote.{X}", f"candle.{X}.1m", "status", f"status.{X}"],
            "since": {"epoch": "e", "offset": "5-0"},
        },
        Subscribe(
            followed(
                (Kind.LTP, f"ltp.{X}", X),
                (Kind.TICK, f"tick.{X}", X),
                (Kind.QUOTE, f"quote.{X}", X),
                (Kind.CANDLE, f"candle.{X}.1m", X),
                (Kind.STATUS, "status", ""),
                (Kind.STATUS, f"status.{X}", X),
            ),
            Position("e", "5-0"),
            7,
        ),
    ),
    (
        {"id": "a", "action": "unsubscribe", "channels": ["orders", "alerts", "jobs", "sys"]},
        Unsubscribe(
            followed(*((Kind(name), name, "") for name in ("orders", "alerts", "jobs", "sys"))),
            "a",
        ),
    ),
]


@pytest.mark.parametrize(("message", "command"), UNDERSTOOD, ids=lambda value: str(value)[:60])
def test_each_message_of_the_contract_is_understood(message: dict[str, Any], command: Command) -> None:
    assert Conversation(JSON, authenticated=True).receive(json.dumps(message)) == command


def pushed(dialect: Dialect, channel: Channel, value: Any, offset: str | None = None) -> dict[str, Any]:
    """A push as a client reads it."""
    return json.loads(JSON.encode(dialect.renders[channel.kind](channel, X, value, offset)))


def channel(kind: Kind, symbol: str = "R") -> Channel:
    return Channel(f"{kind}.{symbol}", kind, symbol, "1m" if kind is Kind.CANDLE else "", None, "NSE_EQ:2885")


def test_the_simple_dialects_day_has_the_contracts_fields() -> None:
    assert pushed(SIMPLE, channel(Kind.DATA), PRICE) == {
        "message_type": "data", "symbol": "R", "instrument": X, "timestamp": "1970-01-01T00:00:01.000Z", "open": 4.0,
        "high": 6.0, "low": 3.0, "close": 5.0, "volume": 10, "previous_close": 4.5, "adj_close": None,
        "delivery_percentage": None,
    }  # fmt: skip


def test_the_chart_dialects_pushes_have_the_contracts_fields() -> None:
    row = {"time": 60_000, "open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5, "volume": 10}
    row |= {"state": "final", "rev": 0}
    head = {"symbol": "R", "instrument": X, "timeframe": "1m"}
    candles = channel(Kind.CANDLE)
    told = historical(candles, X, [CANDLE], more=True)
    assert told == {"type": "historical_candles", **head, "candles": [row], "more": True}
    assert pushed(CHART, candles, CANDLE, "5-0") == {"type": "candle", **head, "data": row, "offset": "5-0"}
    tick = {"type": "tick", "symbol": "R", "instrument": X, "price": 5.0, "size": 1, "timestamp": 1000}
    assert pushed(CHART, channel(Kind.TICK), PRICE) == tick


def test_the_screener_dialects_update_has_the_contracts_fields() -> None:
    assert pushed(SCREENER, channel(Kind.SCREENER), PRICE) == {
        "type": "screener_ltp_update", "symbol": "R", "instrument_id": X, "ltp": 5.0, "timestamp": 1000,
        "source": "stream", "segment": "NSE_EQ", "security_id": "2885",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value", "fields"),
    [
        (Kind.LTP, PRICE, {"ltp", "timestamp"}),
        (Kind.TICK, PRICE, {"ltp", "size", "bid", "ask", "oi"}),
        (Kind.QUOTE, PRICE, {"ltp", "open", "high", "low", "previous_close", "volume"}),
        (Kind.CANDLE, CANDLE, {"time", "open", "high", "low", "close", "volume", "state", "rev", "source"}),
        (Kind.STATUS, STATUS, {"status", "since", "why"}),
        (Kind.JOBS, NOTICE, {"id"}),
        (Kind.ALERTS, NOTICE, {"id"}),
        (Kind.ORDERS, NOTICE, {"id"}),
        (Kind.SYS, NOTICE, {"id"}),
        (Kind.SCREENING, NOTICE, {"id"}),
    ],
)
def test_a_push_of_the_full_dialect_is_channel_offset_and_data(kind: Kind, value: Any, fields: set[str]) -> None:
    told = pushed(FULL, channel(kind), value, "5-0")
    assert told.keys() == {"channel", "offset", "data"}
    assert (told["channel"], told["offset"]) == (f"{kind}.R", "5-0")
    assert fields <= told["data"].keys()


def test_every_kind_of_channel_has_a_dialect_that_writes_it() -> None:
    dialects: Sequence[Dialect] = (FULL, SIMPLE, CHART, SCREENER)
    assert {kind for dialect in dialects for kind in dialect.renders} == set(Kind)


def test_the_answer_of_the_full_dialect_repeats_the_id_with_a_result_for_each_item_and_the_whole_set() -> None:
    refused = Problem(Code.NOT_ALLOWED, "not yours")
    outcomes = (Outcome("ltp.R", X, status=STATUS), Outcome("orders.you", problem=refused))
    [told] = FULL.subscribed(Subscribed("subscribe", outcomes, ("ltp.R",), Position("e", "5-0"), recovered=True, id=7))
    assert (told["id"], told["recovered"], told["channels"]) == (7, True, ["ltp.R"])
    assert told["position"] == {"epoch": "e", "offset": "5-0"}
    good, bad = told["results"]
    assert (good["ok"], good["instrument"], good["status"]["status"]) == (True, X, "stale")
    assert (bad["ok"], bad["error"]["code"]) == (False, 409)


def test_errors_have_each_dialects_form() -> None:
    problem = Problem(Code.SYNTAX, "no", temporary=True, id=7, symbol="R")
    full = {"type": "error", "code": 400, "message": "no", "temporary": True, "id": 7, "symbol": "R"}
    assert FULL.problem(problem) == full
    assert FULL.problem(structs.replace(problem, channel="ltp.R")) == full | {"about": "ltp.R"}
    assert SIMPLE.problem(problem) == {"message_type": "error", "code": 400, "message": "no", "symbol": "R"}
    for dialect in (CHART, SCREENER):
        assert dialect.problem(problem) == {key: value for key, value in full.items() if key != "id"}


@pytest.mark.parametrize(
    ("first", "objects"),
    [
        ({"message_type": "ping"}, True),
        ({"type": "get_history", "symbol": "R", "timeframe": "1m"}, True),
        ({"type": "subscribe", "channel": "dashboard_updates", "keys": []}, True),
        ({"action": "ping"}, False),
    ],
)
def test_a_frame_holds_one_object_but_in_the_full_dialect(first: dict[str, Any], *, objects: bool) -> None:
    conversation = Conversation(JSON, authenticated=True)
    conversation.receive(json.dumps(first))
    line, hub = MemoryLine(), Hub()
    outbox = Outbox(line, conversation)
    hub.join(outbox)
    for kind in conversation.dialect.renders:
        hub.follow(outbox, channel(kind), X)
    hub.put_price(PRICE)
    hub.put_forming(CANDLE)
    hub.distribute()
    outbox.flush(0)
    frames = [json.loads(frame) for frame in line.frames()]
    assert frames
    assert all(isinstance(frame, dict) is objects for frame in frames)
