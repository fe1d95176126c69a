"""One adapter to be judged: how it is made against a door of a running simulated exchange."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trio

from engine.market.tick import Tick
from engine.providers.base import Connection, Decoder, History, LiveFeed, Route
from engine.providers.simulator.door import Door
from engine.providers.simulator.faults import parse_faults
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.server import Simulator, serve
from engine.providers.simulator.vendors import Address
from engine.providers.socket import Patience

SHORT = Patience(connect_s=5.0, send_s=5.0, silence_s=0.7, goodbye_s=0.5)
"""For tests of silence; everywhere else the adapter's own patience is used."""


@dataclass(frozen=True)
class Case:
    """What an adapter gives to be judged; everything else is the same for all."""

    name: str
    """The provider's, as the adapter calls itself."""
    door: str
    """Where it is judged."""
    feed: Callable[[Address, str, Patience | None], LiveFeed]
    """At an address, with a token; with the adapter's own patience where none is given."""
    history: Callable[[Address, str], History]
    """Likewise. It must not try again by itself, nor wait at a rate limit."""
    token: str
    """The good one; secrets beside it stand in ``secrets``."""
    secrets: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    """Of the exchange, beside the door."""
    answers_http: bool = True
    """Whether the feed is refused, and told to wait, by an HTTP status."""
    needs_token: bool = True
    """Whether there is anything that could be refused."""
    segments: tuple[str, ...] = ()
    """Of what one connection carries, where the provider does not carry all on one."""
    any_name: bool = True
    """Whether an instrument may be planned that the provider has never heard of."""
    takes_back: bool = True
    """Whether a subscription can be taken back on an open connection."""
    frames: Callable[[Door], list[bytes]] | None = None
    """Whole frames of every instrument, where the door says nothing to those who come in."""
    paced: Callable[[Address, str], History] | None = None
    """A history that keeps to the vendor's limits as the program's does, where the door counts calls."""

    def __str__(self) -> str:
        return self.name

    def carries(self, route: tuple[str, str] | None) -> bool:
        return route is not None and (not self.segments or route[0] in self.segments)


class Bench:
    """A running exchange and the adapter at its door."""

    def __init__(self, case: Case, simulator: Simulator) -> None:
        self.case = case
        self.simulator = simulator
        self.exchange = simulator.exchange

    @property
    def door(self) -> Door:
        return self.exchange.doors[self.case.door]

    @property
    def address(self) -> Address:
        return self.simulator.addresses[self.case.door]

    @property
    def routes(self) -> list[Route]:
        """The routes to all that the provider carries."""
        found = [(listing, self.door.speech.route(listing)) for listing in self.exchange.market.listings]
        return [
            Route(listing.instrument, *route, listing.tick_size, listing.kind, target=listing.instrument)
            for listing, route in found
            if route is not None and self.case.carries(route)
        ]

    @property
    def tradeable(self) -> list[Route]:
        """Those that have a volume."""
        return [route for route in self.routes if route.kind != "index"]

    def place(self, route: Route) -> int:
        """Where an instrument stands in the listings."""
        return self.door.places[route.segment, route.security_id]

    def feed(self, token: str | None = None, *, patience: Patience | None = None) -> LiveFeed:
        return self.case.feed(self.address, token or self.case.token, patience)

    @asynccontextmanager
    async def history(self, token: str | None = None) -> AsyncGenerator[History]:
        history = self.case.history(self.address, token or self.case.token)
        try:
            yield history
        finally:
            history.close()

    def fault(self, text: str) -> None:
        """Something goes wrong at the door, from now on."""
        self.door.faults.plan(parse_faults(text), now_s=self.exchange.elapsed_s)

    async def ticks(
        self, connection: Connection, decoder: Decoder, enough: Callable[[list[Tick]], bool], *, within_s: float = 20
    ) -> list[Tick]:
        """The ticks that come until there are enough of them."""
        found: list[Tick] = []
        with trio.fail_after(within_s):
            while not enough(found):
                decoded = decoder.decode(await connection.receive(), self.exchange.now_ns)
                assert all(target == tick.instrument for target, tick in decoded)
                found += [tick for _, tick in decoded]
        return found


async def read_to_the_end(feed: LiveFeed, routes: Sequence[Route]) -> None:
    """Read a connection until it ends by itself, which raises why."""
    with trio.fail_after(20):
        async with feed.connect(routes) as connection:
            while True:
                await connection.receive()


def at_least(count: int) -> Callable[[list[Tick]], bool]:
    return lambda ticks: len(ticks) >= count


def after(moment_ns: int) -> Callable[[list[Tick]], bool]:
    """Until something has been traded after a moment; feeds that tell no time say so of all there is."""
    return lambda ticks: any(tick.ts_event > moment_ns for tick in ticks)


def without(route: Route, count: int = 50) -> Callable[[list[Tick]], bool]:
    """Until so many in a row are of others: what was under way has been read then, whatever times the feed tells."""
    return lambda ticks: len(ticks) >= count and all(tick.instrument != route.instrument for tick in ticks[-count:])


def of_all(routes: list[Route]) -> Callable[[list[Tick]], bool]:
    """Until each of them has ticked."""
    wanted = {route.instrument for route in routes}
    return lambda ticks: wanted <= {tick.instrument for tick in ticks}


@asynccontextmanager
async def bench(case: Case, **options: Any) -> AsyncGenerator[Bench]:
    """An exchange that plays the case's provider, open within the block."""
    doors = () if case.door == "simulator" else (DoorOptions(case.door),)
    given: dict[str, Any] = {"instruments": 20, "ticks_per_second": 400.0, "doors": doors, **case.options, **options}
    async with trio.open_nursery() as nursery:
        simulator = await nursery.start(serve, SimulatorOptions(**given))
        yield Bench(case, simulator)
        nursery.cancel_scope.cancel()


async def until(true: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Return as soon as something holds."""
    with trio.fail_after(within_s):
        while not true():
            await trio.sleep(0.01)
