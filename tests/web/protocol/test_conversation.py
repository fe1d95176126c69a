"""Conversations without a socket: what clients write, and what they are told."""

import json
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.protocol import (
    JSON,
    MSGPACK,
    Authenticate,
    Close,
    Code,
    Conversation,
    Encoding,
    Kind,
    Ping,
    Position,
    RequestError,
    Subscribe,
    Unsubscribe,
)


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
    "name", ["ltp", "ltp.", "candle.NSE:X", "candle.NSE:X.7q", "", "nonsense.X", "chain.NSE:NIFTY.2026-11-26"]
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


def test_a_dialect_that_comes_later_is_not_available() -> None:
    assert refused(known(), '{"type": "get_history", "symbol": "X"}') is Code.NOT_AVAILABLE


def test_nothing_is_done_for_a_client_that_has_not_said_who_it_is() -> None:
    conversation = Conversation(JSON, authenticated=False)
    assert refused(conversation, '{"id": 1, "action": "subscribe", "channels": []}') is Code.NOT_AUTHENTICATED
    assert isinstance(conversation.receive('{"action": "ping"}'), Ping)
    assert conversation.receive('{"action": "auth", "token": "secret"}') == Authenticate("secret")


def test_authenticating_twice_is_an_error() -> None:
    assert refused(known(), '{"message_type": "auth", "token": "secret"}') is Code.ALREADY_AUTHENTICATED


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
        "message_type": st.sampled_from(["subscribe", "unsubscribe", "auth", "ping"]) | json_values,
        "channels": st.lists(st.sampled_from(["ltp.X", "candle.X.1m", "status", "x", "candle.X.٣m"]) | st.text())
        | json_values,
        "channel": st.text() | json_values,
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
        return msgpack.packb(value)
    except (OverflowError, UnicodeEncodeError):
        return b""


@given(st.lists(near_messages.map(pack) | st.binary() | st.text(), max_size=5))
def test_no_bytes_make_a_conversation_fail(messages: list[str | bytes]) -> None:
    answers_everything(MSGPACK, messages)
