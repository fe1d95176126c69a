"""The hub: newest values and streams, written once and put before every client that follows them."""

from web.hub.feed import (
    FeedFormatError,
    Sequence,
    decode_event,
    decode_live_candles,
    decode_live_chain,
    decode_live_depths,
    decode_prices,
)
from web.hub.hub import NOTICES, Hub, HubStatistics, followed
from web.hub.line import Line
from web.hub.outbox import Outbox, OutboxStatistics
from web.hub.pump import Pump
from web.hub.replay import TELLING_MS, Replay, order, refuse
from web.hub.resumption import Resumption
from web.hub.topic import Topic

__all__ = [
    "NOTICES",
    "TELLING_MS",
    "FeedFormatError",
    "Hub",
    "HubStatistics",
    "Line",
    "Outbox",
    "OutboxStatistics",
    "Pump",
    "Replay",
    "Resumption",
    "Sequence",
    "Topic",
    "decode_event",
    "decode_live_candles",
    "decode_live_chain",
    "decode_live_depths",
    "decode_prices",
    "followed",
    "order",
    "refuse",
]
