"""The socket's dialects, sans-IO: bytes and commands in, commands and bytes out; no socket, no clock, no store."""

from web.protocol.channels import Channel, Item, Kind
from web.protocol.chart import historical, tick_channel
from web.protocol.conversation import Conversation
from web.protocol.dialect import Dialect, Message
from web.protocol.encoding import JSON, MSGPACK, MSGPACK_SUBPROTOCOL, Encoding
from web.protocol.errors import Close, Code, Problem, RequestError
from web.protocol.messages import (
    Authenticate,
    CloseChart,
    Command,
    GetHistory,
    Outcome,
    Ping,
    Position,
    Subscribe,
    Subscribed,
    Unsubscribe,
)
from web.protocol.values import CandleValue, ChainValue, DepthValue, Notice, PriceValue, Status, Value

__all__ = [
    "JSON",
    "MSGPACK",
    "MSGPACK_SUBPROTOCOL",
    "Authenticate",
    "CandleValue",
    "ChainValue",
    "Channel",
    "Close",
    "CloseChart",
    "Code",
    "Command",
    "Conversation",
    "DepthValue",
    "Dialect",
    "Encoding",
    "GetHistory",
    "Item",
    "Kind",
    "Message",
    "Notice",
    "Outcome",
    "Ping",
    "Position",
    "PriceValue",
    "Problem",
    "RequestError",
    "Status",
    "Subscribe",
    "Subscribed",
    "Unsubscribe",
    "Value",
    "historical",
    "tick_channel",
]
