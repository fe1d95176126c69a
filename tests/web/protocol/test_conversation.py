"""Conversations without a socket: what clients write, and what they are told."""
# pyright: basic
# msgpack, the library that clients use, has no types

import json
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.lines import MemoryLine
from web.protocol import (
    JSON,
    MSGPACK,
    Authenticate,
    Close,
    Code,
    Conversation,
    Encoding,
    GetHistory,
    Kind,
    Ping,
    Position,
    RequestError,
    Subscribe,
    Unsubscribe,
)
from web.protocol.screener import SCREENER, ltp_batch, ltp_update


def known(encoding: Encoding = JSON) -> Conversation:
    return Conversation(encoding, authenticated=True)


def refused(conversation: Conversation, message: str | bytes | None) -> Code:
    with pytest.raises(RequestError) as caught:
        conversation.receive(message)
    assert conversation.problem(caught.value.problem)
    return caught.value.problem.code


def test_the_simple_dialect_is_picked_by_its_key() -> None:
    conversation = known()
    command = conversation.receive('{"message_type": "subscribe", "channel": "AAPL"}')
    assert isinstance(command, Subscribe)
    channel = command.items[0].channel
    assert channel is not None
    assert (channel.kind, channel.symbol) == (Kind.DATA, "AAPL")
    assert conversation.dialect.name == "simple"


def test_the_full_dialect_reads_channels_position_and_id() -> None:
    conversation = known()
    command = conversation.receive(
        json.dumps(
            {
                "id": 7,
                "action": "subscribe",
                "channels": ["ltp.NSE:RELIANCE", "candle.NSE:RELIANCE.5Min", "status"],
                "since": {"epoch": "1", "offset": "5-0"},
            }
        )
    )
    assert isinstance(command, Subscribe)
    assert command.id == 7
    assert command.since == Position("1", "5-0")
    channels = [item.channel for item in command.items]
    assert [(channel.kind, channel.symbol, channel.timeframe) for channel in channels if channel] == [
        (Kind.LTP, "NSE:RELIANCE", ""),
        (Kind.CANDLE, "NSE:RELIANCE", "5m"),
        (Kind.STATUS, "", ""),
    ]


def test_symbols_with_dots_keep_them() -> None:
    command = known().receive('{"action": "subscribe", "channels": ["ltp.NYSE:BRK.B", "candle.NYSE:BRK.B.1m"]}')
    assert isinstance(command, Subscribe)
    assert [item.channel and item.channel.symbol for item in command.items] == ["NYSE:BRK.B", "NYSE:BRK.B"]


@pytest.mark.parametrize(
    "name",
    [
        "ltp",
        "ltp.",
        "candle.NSE:X",
        "candle.NSE:X.7q",
        "",
        "nonsense.X",
        "chain.NIFTY",
        "chain.NSE:NIFTY.26-11",
        "depth",
    ],
)
def test_a_channel_that_is_none_is_one_item_with_a_problem(name: str) -> None:
    command = known().receive(json.dumps({"action": "subscribe", "channels": ["ltp.NSE:OK", name]}))
    assert isinstance(command, Subscribe)
    assert command.items[0].problem is None
    problem = command.items[1].problem
    assert problem is not None
    assert problem.code in (Code.SYNTAX, Code.NOT_AVAILABLE)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[1]",
        "null",
        "{",
        '"text"',
        "{}",
        '{"action": null}',
        '{"action": "fly"}',
        '{"action": "subscribe"}',
        '{"action": "subscribe", "channels": "ltp.X"}',
        '{"action": "subscribe", "channels": [1]}',
        '{"action": "subscribe", "channels": [], "since": 5}',
        '{"action": "auth"}',
        '{"message_type": "subscribe"}',
        '{"message_type": "subscribe", "channel": ""}',
        '{"message_type": 5}',
        "[" * 50_000,
        None,
        b"{}",
    ],
)
def test_malformed_messages_are_syntax_errors(message: str | bytes | None) -> None:
    conversation = Conversation(JSON, authenticated=False)
    assert refused(conversation, message) is Code.SYNTAX


def test_errors_come_in_the_dialect_of_the_first_message() -> None:
    conversation = known()
    conversation.receive('{"message_type": "ping"}')
    with pytest.raises(RequestError) as caught:
        conversation.receive('{"action": "subscribe", "channels": []}')
    assert b'"message_type":"error"' in conversation.problem(caught.value.problem)


def test_of_the_dialects_with_type_the_first_message_that_only_one_has_tells_which() -> None:
    for first, name in [
        ({"type": "get_history", "symbol": "X", "timeframe": "5"}, "chart"),
        ({"type": "unsubscribe", "symbol": "X", "timeframe": "1m"}, "chart"),
        ({"type": "subscribe", "channel": "dashboard_updates", "keys": ["NSE_EQ:1333"]}, "screener"),
    ]:
        conversation = known()
        assert conversation.receive('{"type": "ping"}') == Ping()
        assert conversation.dialect.name == "typed"
        conversation.receive(json.dumps(first))
        assert conversation.dialect.name == name


def test_the_chart_dialect_reads_timeframe_bars_and_view() -> None:
    wish = {"type": "get_history", "symbol": "X", "timeframe": "5Min", "continuous": True, "wick": 0.5}
    command = known().receive(json.dumps(wish))
    assert isinstance(command, GetHistory)
    assert command.bars == 500
    channel = command.item.channel
    assert channel is not None
    assert (channel.kind, channel.symbol, channel.timeframe, str(channel.view and channel.view.wick)) == (
        Kind.CANDLE,
        "X",
        "5m",
        "0.5",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"bars": 0}, {"bars": 10_001}, {"bars": True}, {"bars": "5"}, {"symbol": ""}, {"symbol": "X" * 201},
        {"timeframe": "7q"}, {"timeframe": None}, {"wick": "-1"}, {"wick": []}, {"continuous": 3},
    ],
)  # fmt: skip
def test_a_chart_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    wish = {"type": "get_history", "symbol": "X", "timeframe": "5m"}
    assert refused(known(), json.dumps(wish | changes)) is Code.SYNTAX


@pytest.mark.parametrize(
    "changes", [{"keys": None}, {"keys": [1]}, {"keys": ["X"] * 1_001}, {"keys": [""]}, {"channel": "prices"}]
)
def test_a_screener_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    wish = {"type": "subscribe", "channel": "dashboard_updates", "keys": ["NSE_EQ:1333"]}
    assert refused(known(), json.dumps(wish | changes)) is Code.SYNTAX


@pytest.mark.parametrize("encoding", [JSON, MSGPACK])
def test_screener_updates_of_one_moment_are_one_batch(encoding: Encoding) -> None:
    updates = [ltp_update("X", "NSE:X", "NSE_EQ:1", float(number), number) for number in range(20)]
    parts = [SCREENER.part(encoding, update) for update in updates]
    read = json.loads if encoding is JSON else msgpack.unpackb
    line = MemoryLine()
    for count in (1, 2, 20):
        line.write(SCREENER.join(encoding, parts[:count]))
        (told,) = [read(payload) for payload in line.frames()]
        assert told == (updates[0] if count == 1 else ltp_batch(updates[:count]))


def test_nothing_is_done_for_a_client_that_has_not_said_who_it_is() -> None:
    conversation = Conversation(JSON, authenticated=False)
    assert refused(conversation, '{"id": 1, "action": "subscribe", "channels": []}') is Code.NOT_AUTHENTICATED
    assert isinstance(conversation.receive('{"action": "ping"}'), Ping)
    assert conversation.receive('{"action": "auth", "token": "secret"}') == Authenticate("secret")
    assert conversation.receive('{"action": "auth", "ticket": "t"}') == Authenticate("", ticket="t")
    assert refused(conversation, '{"action": "auth", "ticket": "t", "token": "secret"}') is Code.SYNTAX


def test_unsubscribing_reads_the_same_names() -> None:
    command = known().receive('{"id": "a", "action": "unsubscribe", "channels": ["ltp.X", "ltp.X"]}')
    assert isinstance(command, Unsubscribe)
    assert [item.name for item in command.items] == ["ltp.X"]


def test_msgpack_carries_the_same_messages() -> None:
    command = known(MSGPACK).receive(msgpack.packb({"action": "subscribe", "channels": ["status"]}))
    assert isinstance(command, Subscribe)


def test_text_on_a_msgpack_socket_is_an_error() -> None:
    assert refused(known(MSGPACK), '{"action": "ping"}') is Code.SYNTAX


def test_arrays_of_either_encoding_are_read_back_by_the_usual_libraries() -> None:
    for count in (1, 2, 15, 16, 300):
        values = [{"n": number} for number in range(count)]
        assert json.loads(JSON.array([JSON.encode(value) for value in values])) == values
        assert msgpack.unpackb(MSGPACK.array([MSGPACK.encode(value) for value in values])) == values


def test_close_codes_say_whether_to_come_back() -> None:
    assert all(code < 3500 for code in (Close.SLOW_CLIENT, Close.NO_PONG, Close.TOO_FAST, Close.SERVER_RESTART))
    assert all(3500 <= code < 4000 for code in (Close.BAD_TOKEN, Close.BAD_REQUEST, Close.CONNECTION_LIMIT))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)
near_messages = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["subscribe", "unsubscribe", "auth", "ping", "other"]) | json_values,
        "type": st.sampled_from(["get_history", "subscribe", "unsubscribe", "auth", "ping"]) | json_values,
        "symbol": st.text() | json_values,
        "timeframe": st.sampled_from(["1m", "D", "٣m"]) | json_values,
        "bars": st.integers() | json_values,
        "continuous": st.booleans() | json_values,
        "wick": st.text() | json_values,
        "keys": st.lists(st.text()) | json_values,
        "ticket": st.text() | json_values,
        "message_type": st.sampled_from(["subscribe", "unsubscribe", "auth", "ping"]) | json_values,
        "channels": st.lists(st.sampled_from(["ltp.X", "candle.X.1m", "status", "x", "candle.X.٣m"]) | st.text())
        | json_values,
        "channel": st.just("dashboard_updates") | st.text() | json_values,
        "token": st.text() | json_values,
        "since": st.fixed_dictionaries({"epoch": st.text(), "offset": st.text()}) | json_values,
        "id": st.integers() | st.text() | json_values,
    },
)


def answers_everything(encoding: Encoding, messages: list[Any]) -> None:
    conversation = Conversation(encoding, authenticated=True)
    for message in messages:
        try:
            conversation.receive(message)
        except RequestError as error:
            conversation.problem(error.problem)


@given(st.lists(near_messages.map(json.dumps) | st.text() | st.binary(), max_size=5))
def test_no_text_makes_a_conversation_fail(messages: list[str | bytes]) -> None:
    answers_everything(JSON, messages)


def pack(value: Any) -> bytes:
    try:
        return bytes(msgpack.packb(value) or b"")
    except (OverflowError, UnicodeEncodeError):
        return b""


@given(st.lists(near_messages.map(pack) | st.binary() | st.text(), max_size=5))
def test_no_bytes_make_a_conversation_fail(messages: list[str | bytes]) -> None:
    answers_everything(MSGPACK, messages)
