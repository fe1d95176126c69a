"""Streams of prices on ``live_ltp_updates``: one a set of instruments, whoever wants it, in whichever web process."""

from web.streams.keeper import StreamKeeper, streams_tree
from web.streams.streams import MOST_OWNED, NotCarriedError, PriceStreams, StreamChange, TooManyStreamsError, key_of
from web.streams.trading import opens_ns, trades_now

__all__ = [
    "MOST_OWNED",
    "NotCarriedError",
    "PriceStreams",
    "StreamChange",
    "StreamKeeper",
    "TooManyStreamsError",
    "key_of",
    "opens_ns",
    "streams_tree",
    "trades_now",
]
