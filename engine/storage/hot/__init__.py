"""The hot store: what the market looks like now and did in the last days, in Redis."""

from engine.storage.hot.charts import ChartAbout
from engine.storage.hot.doors import Ended, EndedKind
from engine.storage.hot.events import Event, EventsWindow
from engine.storage.hot.last_prices import LastPrice
from engine.storage.hot.report import InstrumentReport
from engine.storage.hot.store import HotStore
from engine.storage.hot.streams import PriceStream
from engine.storage.hot.subscription import Message, Subscription

__all__ = [
    "ChartAbout",
    "Ended",
    "EndedKind",
    "Event",
    "EventsWindow",
    "HotStore",
    "InstrumentReport",
    "LastPrice",
    "Message",
    "PriceStream",
    "Subscription",
]
