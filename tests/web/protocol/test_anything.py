"""Whatever a client sends: an error in its dialect, nothing else changed; and what is understood is so in both encodings."""
# pyright: basic
# msgpack, the library that clients use, has no types

import json
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.protocol import JSON, MSGPACK, Authenticate, Command, Conversation, Encoding, Ping, RequestError

OPENINGS: dict[str, dict[str, Any]] = {
    "full": {"action": "ping"},
    "simple": {"message_type": "ping"},
    "typed": {"type": "ping"},
    "chart": {"type": "get_history", "symbol": "X", "timeframe": "1m"},
    "screener": {"type": "subscribe", "channel": "dashboard_updates", "keys": []},
}
ERRORS = {"simple": {"message_type": "error"}}
ERROR = {"type": "error"}

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=8
)
names = st.sampled_from(["ltp.X", "candle.X.5m", "candle.X.1m?wick=1", "status", "jobs", "orders.me", "x"])
messages = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["subscribe", "unsubscribe", "auth", "ping"]) | values,
        "message_type": st.sampled_from(["subscribe", "unsubscribe", "auth", "ping"]) | values,
        "type": st.sampled_from(["get_history", "subscribe", "unsubscribe", "auth", "ping"]) | values,
        "channels": st.lists(names | st.text(), max_size=4) | values,
        "channel": st.sampled_from(["X", "dashboard_updates"]) | values,
        "keys": st.lists(st.text(max_size=10), max_size=4) | values,
        "symbol": st.just("X") | values,
        "timeframe": st.sampled_from(["1m", "D", "60"]) | values,
        "bars": st.integers(-1, 10_001) | values,
        "continuous": st.booleans() | values,
        "wick": st.sampled_from(["0.5%", "10", "-1"]) | values,
        "token": st.text() | values,
        "ticket": st.text() | values,
        "since": st.fixed_dictionaries({"epoch": st.text(), "offset": st.sampled_from(["1-0", "x"])}) | values,
        "id": st.integers(0, 9) | values,
    },
)


def opened(encoding: Encoding, dialect: str, *, authenticated: bool = True) -> Conversation:
    """A conversation that has picked this dialect."""
    conversation = Conversation(encoding, authenticated=True)
    conversation.receive(written(encoding, OPENINGS[dialect]))
    conversation.authenticated = authenticated
    assert conversation.dialect.name == dialect
    return conversation


def written(encoding: Encoding, message: Any) -> str | bytes:
    return json.dumps(message) if encoding is JSON else bytes(msgpack.packb(message) or b"")


def read(encoding: Encoding, frame: bytes) -> Any:
    """The object of a frame whose head is two, four or ten bytes long."""
    head = {126: 4, 127: 10}.get(frame[1], 2)
    return json.loads(frame[head:]) if encoding is JSON else msgpack.unpackb(frame[head:])


def outcome(conversation: Conversation, message: Any) -> Command | None:
    """The command that is understood; None for an error, which is told in the dialect and changed nothing."""
    before = (conversation.dialect, conversation.authenticated)
    try:
        return conversation.receive(message)
    except RequestError as error:
        told = read(conversation.encoding, conversation.problem(error.problem))
        form = ERRORS.get(conversation.dialect.name, ERROR)
        assert form.items() <= told.items()
        assert isinstance(told["code"], int)
        assert isinstance(told["message"], str)
        if (
            before[0].name != "typed"
        ):  # a message of the two that share a key may tell which it is, and be wrong all the same
            assert (conversation.dialect, conversation.authenticated) == before
        return None


@pytest.mark.parametrize("encoding", [JSON, MSGPACK], ids=["json", "msgpack"])
@pytest.mark.parametrize("dialect", OPENINGS)
@settings(max_examples=60, deadline=None)
@given(message=st.one_of(st.text(), st.binary(), st.none()))
def test_any_text_and_any_bytes(dialect: str, encoding: Encoding, message: str | bytes | None) -> None:
    outcome(opened(encoding, dialect), message)


@pytest.mark.parametrize("encoding", [JSON, MSGPACK], ids=["json", "msgpack"])
@pytest.mark.parametrize("dialect", OPENINGS)
@settings(max_examples=60, deadline=None)
@given(message=messages | values)
def test_any_object(dialect: str, encoding: Encoding, message: Any) -> None:
    try:
        sent = written(encoding, message)
        sent.encode() if isinstance(sent, str) else None
    except (ValueError, UnicodeEncodeError):
        return
    outcome(opened(encoding, dialect), sent)


@pytest.mark.parametrize("dialect", OPENINGS)
@settings(max_examples=60, deadline=None)
@given(message=messages)
def test_both_encodings_say_the_same(dialect: str, message: dict[str, Any]) -> None:
    try:
        sent = [written(encoding, message) for encoding in (JSON, MSGPACK)]
    except (ValueError, UnicodeEncodeError):  # half a surrogate pair, which msgpack has no form for
        return
    one, other = (
        outcome(opened(encoding, dialect), text) for encoding, text in zip((JSON, MSGPACK), sent, strict=True)
    )
    assert one == other


@pytest.mark.parametrize("dialect", OPENINGS)
@settings(max_examples=60, deadline=None)
@given(message=messages)
def test_nothing_but_pings_and_credentials_passes_before_the_client_is_known(
    dialect: str, message: dict[str, Any]
) -> None:
    conversation = opened(JSON, dialect, authenticated=False)
    assert isinstance(outcome(conversation, json.dumps(message)), Ping | Authenticate | None)
    assert not conversation.authenticated
