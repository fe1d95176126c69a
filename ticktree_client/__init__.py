"""A client of ticktree: it subscribes, comes back by itself where it was, and says so where something can not be had.

``async with Client("http://127.0.0.1:8000", token=TOKEN) as ticktree: async for event in ticktree.candles("NSE:TCS", "1m")``
"""

from ticktree_client.chains import Chain, Leg, Strike, Wall
from ticktree_client.client import Client
from ticktree_client.credentials import Credentials, Login, Tickets, Token
from ticktree_client.depths import Depth, DepthLevel
from ticktree_client.errors import ClientError, RefusedError, UnavailableError
from ticktree_client.events import Candle, Conflated, Event, Hole, Message, Position, Price, Refusal, Status
from ticktree_client.following import Following
from ticktree_client.history import Gap, History

__all__ = [
    "Candle",
    "Chain",
    "Client",
    "ClientError",
    "Conflated",
    "Credentials",
    "Depth",
    "DepthLevel",
    "Event",
    "Following",
    "Gap",
    "History",
    "Hole",
    "Leg",
    "Login",
    "Message",
    "Position",
    "Price",
    "Refusal",
    "RefusedError",
    "Status",
    "Strike",
    "Tickets",
    "Token",
    "UnavailableError",
    "Wall",
]
