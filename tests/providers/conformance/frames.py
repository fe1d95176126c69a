"""Frames and decoders without a socket: what a door says, and the adapter that is to make ticks of it."""

import math
from functools import cache

from engine.market.prices import TickSize
from engine.providers.base import Decoder, Mode, Route
from engine.providers.simulator.door import Door
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.server import open_exchange
from engine.providers.simulator.vendors import Address
from tests.providers.conformance.case import Case
from tests.providers.simulator.markets import at

NOON = at("2026-11-20 12:00:30")
NOWHERE = Address("ws://127.0.0.1:9", "http://127.0.0.1:9")


@cache
def door_of(name: str, *, world: bool) -> Door:
    """A door without a port; its exchange stands still."""
    doors = () if name == "simulator" else (DoorOptions(name),)
    options = SimulatorOptions(instruments=20, world=world, doors=doors, start_ns=NOON, speed=1e-9)
    return open_exchange(options).doors[name]


def _routes(case: Case, door: Door) -> list[Route]:
    found = [(listing, door.speech.route(listing)) for listing in door.exchange.market.listings]
    return [
        Route(listing.instrument, *route, listing.tick_size, listing.kind, target=listing.instrument)
        for listing, route in found
        if route is not None and case.carries(route)
    ]


def frames_of(case: Case, door: Door) -> list[bytes]:
    """Whole frames of every instrument: what the door says to those who come in, in every mode."""
    if case.name not in _KEPT:
        _KEPT[case.name] = case.frames(door) if case.frames else _welcomes(door)
    return _KEPT[case.name]


_KEPT: dict[str, list[bytes]] = {}


def _welcomes(door: Door) -> list[bytes]:
    frames: list[bytes] = []
    for mode in Mode:
        for place, listing in enumerate(door.exchange.market.listings):
            trade = door.last(place)
            if trade is not None and (packets := door.speech.welcome(listing, trade, mode)):
                frame = door.speech.frame(packets)
                frames.append(frame.encode() if isinstance(frame, str) else frame)
    return frames


def judged(case: Case) -> tuple[Decoder, Door, dict[str, Route]]:
    """A fresh decoder of the adapter, the door it is to understand, and its routes by name."""
    door = door_of(case.door, world=bool(case.options.get("world")))
    routes = _routes(case, door)
    return case.feed(NOWHERE, case.token, None).decoder(routes), door, {route.instrument: route for route in routes}


def assert_total(decoder: Decoder, routes: dict[str, Route], frame: bytes) -> int:
    """Whatever comes of the frame is a tick that can be; tells how many came."""
    before = decoder.statistics()
    ticks = decoder.decode(frame, NOON)
    for target, tick in ticks:
        assert target == tick.instrument
        assert tick.price > 0
        assert math.isfinite(tick.price)
        assert tick.price == TickSize(routes[tick.instrument].tick_size).round(tick.price)
        assert tick.size >= 0
        assert (tick.volume or 0) >= 0
        assert 0 < tick.ts_event <= NOON + 61 * 1_000_000_000
    after = decoder.statistics()
    assert after.ticks == before.ticks + len(ticks)
    assert after.frames == before.frames + 1
    return len(ticks)
