"""Where the hub's values come from: Redis channels, the events stream, and what the store holds."""

from web.sources.chain_list import ChainList
from web.sources.channels import ChannelSource
from web.sources.depth_list import DepthList
from web.sources.events import EventSource
from web.sources.snapshots import load, load_symbols
from web.sources.stored import StoredCandles
from web.sources.watch_list import WatchList

__all__ = [
    "ChainList",
    "ChannelSource",
    "DepthList",
    "EventSource",
    "StoredCandles",
    "WatchList",
    "load",
    "load_symbols",
]
