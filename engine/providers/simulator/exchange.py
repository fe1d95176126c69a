"""The exchange: a running market, the clients that subscribe to it, and the faults between them."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Final

import msgspec
import trio

from engine.providers.simulator.clock import ExchangeClock
from engine.providers.simulator.faults import Fault, FaultKind, Faults, FaultStatistics
from engine.providers.simulator.halts import HaltedMarket
from engine.providers.simulator.level_shifts import ShiftedMarket
from engine.providers.simulator.packets import Mode, encode_open_interest, encode_previous_close, encode_trade
from engine.providers.simulator.record import Record
from engine.providers.simulator.stream import Stream
from engine.providers.simulator.subscriber import Subscriber
from engine.providers.simulator.tape import Event, Market, Trade

STEP_S: Final = 0.025
"""How often what was traded is sent, in seconds."""


class ExchangeStatistics(msgspec.Struct, frozen=True):
    """What the exchange has done so far."""

    now_ns: int
    """Its own clock."""
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


class Exchange:
    """Streams a market to its subscribers.

    The clock is the exchange's own: it stamps trades and decides what has happened. Faults are planned in real seconds
    since the start.
    """

    def __init__(
        self,
        market: Market,
        *,
        clock: ExchangeClock,
        faults: Faults | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._levels = ShiftedMarket(market)
        self.market = HaltedMarket(self._levels)
        self.faults = faults or Faults()
        self.records = {"simulator": Record(self.faults), "simulator2": Record(Faults())}
        """What the two providers that this exchange plays keep of it; the first one's faults are the exchange's."""
        self.places = {listing.key: index for index, listing in enumerate(market.listings)}
        """Where an instrument stands in the listings, by segment and id."""
        self._halted: set[int] = set()
        self._clock = clock
        self._monotonic_s = monotonic_s
        self._started_s = monotonic_s()
        self._stream = Stream(market, now_ns=clock.now_ns())
        self._audience: defaultdict[int, dict[tuple[Subscriber, Mode], None]] = defaultdict(dict)
        self._open_interest: dict[int, int] = {}
        self._subscribers: dict[Subscriber, None] = {}
        self._counts: Counter[str] = Counter()

    @property
    def now_ns(self) -> int:
        """The moment up to which everything has been streamed; history ends here."""
        return self._stream.now_ns

    @property
    def elapsed_s(self) -> float:
        """Real seconds since the start."""
        return self._monotonic_s() - self._started_s

    def fails(self, kind: FaultKind) -> Fault | None:
        """The fault of a kind that goes on right now."""
        return self.faults.active(kind, self.elapsed_s)

    async def run(self) -> None:
        """Step for ever."""
        while True:
            self.step()
            await trio.sleep(STEP_S)

    # Clients

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
        """Stream an instrument to a client, beginning with its last trade; an index answers ticker mode only."""
        self._clock.release()
        listing = self.market.listings[index]
        if listing.kind == "index" and mode is not Mode.TICKER:
            return
        subscriber.modes.setdefault(index, set()).add(mode)
        self._audience[index][subscriber, mode] = None
        self._stream.follow(index)
        if not self.faults.silent(self.elapsed_s):
            self._send(subscriber, self._welcome(index, mode))

    def unsubscribe(self, subscriber: Subscriber, index: int, mode: Mode) -> None:
        """Stop streaming an instrument in a mode; what was not subscribed is no error."""
        modes = subscriber.modes.get(index, set())
        modes.discard(mode)
        if not modes:
            subscriber.modes.pop(index, None)
        self._audience[index].pop((subscriber, mode), None)
        if not self._audience[index]:
            del self._audience[index]
            self._stream.leave(index)

    # Streaming

    def step(self) -> None:
        """Send what was traded since the step before."""
        elapsed_s = self.elapsed_s
        self._halt(elapsed_s)
        for fault in self.faults.strike(elapsed_s):
            self._strike(fault)
        outgoing: defaultdict[Subscriber, list[bytes]] = defaultdict(list)
        for index, event in self.faults.apply(self._traded(), elapsed_s):
            self._counts["trades"] += 1
            self._tell(index, self._misprinted(self._levels.event(index, event), elapsed_s), outgoing)
        for subscriber, packets in outgoing.items():
            self._send(subscriber, self.faults.corrupt(packets, elapsed_s))

    def _misprinted(self, event: Event, elapsed_s: float) -> Event:
        """On its way to the clients only: the day's figures, and history, know the true price."""
        slip = self.faults.slip(elapsed_s)
        if slip == 1.0 or not isinstance(event, Trade):
            return event
        return msgspec.structs.replace(event, price=event.price * slip)

    def statistics(self) -> ExchangeStatistics:
        return ExchangeStatistics(
            now_ns=self.now_ns,
            trades=self._counts["trades"],
            packets=self._counts["packets"],
            overflowed=self._counts["overflowed"] + sum(subscriber.overflowed for subscriber in self._subscribers),
            clients=len(self._subscribers),
            connections=self._counts["connections"],
            subscriptions=sum(map(len, self._audience.values())),
            faults=self.faults.statistics(),
        )

    def _tell(self, index: int, event: Event, outgoing: defaultdict[Subscriber, list[bytes]]) -> None:
        """Encode an event once for each mode somebody wants it in."""
        encoded: dict[Mode, list[bytes]] = {}
        changed = event.open_interest != self._open_interest.get(index, 0)
        self._open_interest[index] = event.open_interest
        for subscriber, mode in self._audience.get(index, ()):
            if mode not in encoded:
                encoded[mode] = self._encode(index, event, mode, interest_changed=changed)
            outgoing[subscriber] += encoded[mode]

    def _encode(self, index: int, event: Event, mode: Mode, *, interest_changed: bool) -> list[bytes]:
        """The packets of an event: with quotes the open interest comes apart, and first, when it has changed."""
        listing = self.market.listings[index]
        if not isinstance(event, Trade):
            return [] if mode is Mode.TICKER else [encode_open_interest(listing, event.open_interest)]
        packet = encode_trade(mode, listing, event)
        if mode is Mode.QUOTE and interest_changed:
            return [encode_open_interest(listing, event.open_interest), packet]
        return [packet]

    def _welcome(self, index: int, mode: Mode) -> list[bytes]:
        """What a new subscriber gets at once: the last trade, and for an index the previous close."""
        trade = self.market.last(index, self.now_ns)
        if trade is None:
            return []
        packets = self._encode(index, trade, mode, interest_changed=trade.open_interest > 0)
        if self.market.listings[index].kind == "index":
            packets.append(encode_previous_close(self.market.listings[index], trade))
        return packets

    def _send(self, subscriber: Subscriber, packets: list[bytes]) -> None:
        self._counts["packets"] += len(packets)
        subscriber.put(packets)

    def _halt(self, elapsed_s: float) -> None:
        """Halts begin and end between two steps."""
        names = self.faults.halted(elapsed_s)
        if not names and not self._halted:
            return
        halted = set(self._indexes("")) if "" in names else {index for name in names for index in self._indexes(name)}
        for index in halted - self._halted:
            self.market.halt(index, self.now_ns)
        for index in self._halted - halted:
            self.market.resume(index, self.now_ns)
        self._halted = halted

    def _traded(self) -> list[tuple[int, Event]]:
        """What was traded since the step before; tapes made before a halt know nothing of it."""
        events = self._stream.step(self._clock.now_ns())
        if not self.market.halts:
            return events
        return [
            (index, self.market.cut(index, event))
            for index, event in events
            if not self.market.is_halted(index, event.time_ns)
        ]

    def _indexes(self, symbol: str) -> list[int]:
        """Where a symbol stands in the listings; all places for no symbol, none for an unknown one."""
        listings = self.market.listings
        return [index for index, listing in enumerate(listings) if symbol in ("", listing.instrument)]

    def _forget(self, fault: Fault) -> None:
        """Instruments that nobody follows any more, without a word to anybody."""
        for index in self._indexes(fault.symbol):
            if fault.kind is FaultKind.RETIRE:
                self.places.pop(self.market.listings[index].key, None)
            for subscriber, mode in list(self._audience.get(index, ())):
                self.unsubscribe(subscriber, index, mode)

    def _strike(self, fault: Fault) -> None:
        if fault.kind in (FaultKind.RETIRE, FaultKind.LOSE):
            self._forget(fault)
            return
        if fault.kind is FaultKind.LEVEL_SHIFT:
            self._levels.shift(self.now_ns + 1, fault.amount)
            return
        code = round(fault.amount) if fault.kind is FaultKind.DISCONNECT else None
        for subscriber in list(self._subscribers):
            subscriber.end(code)
