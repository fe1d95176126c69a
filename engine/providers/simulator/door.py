"""A door of the exchange: one provider as the exchange plays it, with clients, faults and a record of its own."""

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import msgspec

from engine.providers.base import Mode
from engine.providers.simulator.faults import Fault, FaultKind, Faults, FaultStatistics
from engine.providers.simulator.orders import SaidOrders
from engine.providers.simulator.record import Record
from engine.providers.simulator.speech import Frame, Speech
from engine.providers.simulator.subscriber import Subscriber
from engine.providers.simulator.tape import Event, Trade

if TYPE_CHECKING:
    from engine.providers.simulator.exchange import Exchange

Traded = list[tuple[int, Event]]
"""Events with the places of their instruments in the listings."""


class DoorStatistics(msgspec.Struct, frozen=True):
    """What has gone through a door so far."""

    trades: int
    """Of subscribed instruments."""
    packets: int
    """Handed to clients; what a slow client then lost is in ``overflowed``."""
    overflowed: int
    clients: int
    connections: int
    """Clients there have been, those of now included."""
    subscriptions: int
    faults: FaultStatistics


class Door:
    """What one provider's clients get of the exchange's market, as far as its faults let it through."""

    def __init__(
        self, name: str, speech: Speech, exchange: "Exchange", *, faults: Faults | None = None, volume_offset: int = 0
    ) -> None:
        self.name = name
        self.speech = speech
        self.exchange = exchange
        self.faults = faults or Faults()
        self.record = Record()
        self.volume_offset = volume_offset
        """How much more than the others this provider has in each day's volume: two providers' totals never agree."""
        routes = map(speech.route, exchange.market.listings)
        self.places = {route: index for index, route in enumerate(routes) if route is not None}
        """Where an instrument stands in the listings, by segment and id; what has been retired is gone."""
        self.orders = SaidOrders()
        self._audience: defaultdict[int, dict[tuple[Subscriber, Mode], None]] = defaultdict(dict)
        self._subscribers: dict[Subscriber, None] = {}
        self._counts: Counter[str] = Counter()

    def fails(self, kind: FaultKind) -> Fault | None:
        """The fault of a kind that goes on right now."""
        return self.faults.active(kind, self.exchange.elapsed_s)

    def last(self, index: int) -> Trade | None:
        """The newest trade of an instrument, as this provider tells it."""
        trade = self.exchange.market.last(index, self.exchange.now_ns)
        return None if trade is None else self._counted(index, trade)

    def follows(self, index: int) -> bool:
        """Whether any client has subscribed the instrument."""
        return index in self._audience

    # Clients

    def say(self, frame: Frame) -> None:
        """A frame to every client that hears of more than prices, before the packets that wait."""
        for subscriber in self._subscribers:
            if subscriber.hears:
                subscriber.say(frame)

    @property
    def hearing(self) -> int:
        """How many clients hear of more than prices."""
        return sum(subscriber.hears for subscriber in self._subscribers)

    def subscriber(self, speech: Speech | None = None, *, hears: bool = True) -> Subscriber:
        """A client to be, which may be spoken to in another way than most."""
        return Subscriber(speech or self.speech, hears=hears)

    def join(self, subscriber: Subscriber) -> None:
        self._subscribers[subscriber] = None
        self._counts["connections"] += 1

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a client and all it has subscribed."""
        self._subscribers.pop(subscriber, None)
        for index in list(subscriber.modes):
            for mode in list(subscriber.modes[index]):
                self.unsubscribe(subscriber, index, mode)
        self._counts["overflowed"] += subscriber.overflowed

    def subscribe(self, subscriber: Subscriber, index: int, mode: Mode) -> None:
        """Stream an instrument to a client, beginning with its last trade."""
        subscriber.modes.setdefault(index, set()).add(mode)
        self._audience[index][subscriber, mode] = None
        self.exchange.follow(index)
        trade = None if self.fails(FaultKind.FREEZE) else self.last(index)
        if trade is not None:
            self._send(subscriber, subscriber.speech.welcome(self.exchange.market.listings[index], trade, mode))

    def unsubscribe(self, subscriber: Subscriber, index: int, mode: Mode) -> None:
        """Stop streaming an instrument in a mode; what was not subscribed is no error."""
        modes = subscriber.modes.get(index, set())
        modes.discard(mode)
        if not modes:
            subscriber.modes.pop(index, None)
        audience = self._audience.get(index, {})
        audience.pop((subscriber, mode), None)
        if not audience:
            self._audience.pop(index, None)
            self.exchange.leave(index)

    # Streaming

    def strike(self) -> None:
        """Let happen what is to happen at once and has come due."""
        for fault in self.faults.strike(self.exchange.elapsed_s):
            self._strike(fault)

    def tell(self, traded: Traded) -> None:
        """Send clients what they have subscribed of what was traded."""
        elapsed_s = self.exchange.elapsed_s
        outgoing: defaultdict[Subscriber, list[bytes]] = defaultdict(list)
        followed = [(index, event) for index, event in traded if index in self._audience]
        for index, event in self.faults.apply(followed, elapsed_s):
            self._counts["trades"] += 1
            self._tell(index, self._told(index, event, elapsed_s), outgoing)
        for subscriber, packets in outgoing.items():
            self._send(subscriber, self.faults.corrupt(packets, elapsed_s))

    def statistics(self) -> DoorStatistics:
        return DoorStatistics(
            trades=self._counts["trades"],
            packets=self._counts["packets"],
            overflowed=self._counts["overflowed"] + sum(subscriber.overflowed for subscriber in self._subscribers),
            clients=len(self._subscribers),
            connections=self._counts["connections"],
            subscriptions=sum(map(len, self._audience.values())),
            faults=self.faults.statistics(),
        )

    def _told(self, index: int, event: Event, elapsed_s: float) -> Event:
        """An event as it reaches the clients: a bad print is theirs only, the day's figures and history know better."""
        if not isinstance(event, Trade):
            return event
        trade, slip = self._counted(index, event), self.faults.slip(elapsed_s)
        return trade if slip == 1.0 else msgspec.structs.replace(trade, price=trade.price * slip)

    def _counted(self, index: int, trade: Trade) -> Trade:
        """With the running volume as this provider counts it; an index has none."""
        if not self.volume_offset or self.exchange.market.listings[index].kind == "index":
            return trade
        return msgspec.structs.replace(trade, volume=trade.volume + self.volume_offset)

    def _tell(self, index: int, event: Event, outgoing: defaultdict[Subscriber, list[bytes]]) -> None:
        """Encode an event once for each way somebody wants it in."""
        encoded: dict[tuple[Speech, Mode], list[bytes]] = {}
        for subscriber, mode in self._audience.get(index, ()):
            wanted = subscriber.speech, mode
            if wanted not in encoded:
                encoded[wanted] = subscriber.speech.encode(self.exchange.market.listings[index], event, mode)
            outgoing[subscriber] += encoded[wanted]

    def _send(self, subscriber: Subscriber, packets: list[bytes]) -> None:
        self._counts["packets"] += len(packets)
        subscriber.put(packets)

    def _strike(self, fault: Fault) -> None:
        if fault.kind is FaultKind.LEVEL_SHIFT:
            self.exchange.shift_level(fault.amount)
        elif fault.kind in (FaultKind.RETIRE, FaultKind.LOSE):
            self._forget(fault)
        else:
            code = round(fault.amount) if fault.kind is FaultKind.DISCONNECT else None
            for subscriber in list(self._subscribers):
                subscriber.end(code)

    def _forget(self, fault: Fault) -> None:
        """Instruments that nobody follows any more, without a word to anybody."""
        for index in self.exchange.indexes(fault.symbol):
            route = self.speech.route(self.exchange.market.listings[index])
            if fault.kind is FaultKind.RETIRE and route is not None:
                self.places.pop(route, None)
            for subscriber, mode in list(self._audience.get(index, ())):
                self.unsubscribe(subscriber, index, mode)
