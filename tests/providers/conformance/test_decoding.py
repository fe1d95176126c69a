"""What every decoder does with any bytes: ticks or nothing, and never an error."""

import math
from functools import cache
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

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


def routes_of(case: Case, door: Door) -> list[Route]:
    found = [(listing, door.speech.route(listing)) for listing in door.exchange.market.listings]
    return [
        Route(listing.instrument, *route, listing.tick_size, listing.kind, target=listing.instrument)
        for listing, route in found
        if route is not None and case.carries(route)
    ]


def frames_of(case: Case, door: Door) -> list[bytes]:
    """What the door says to those who come in, in every mode."""
    if case.frames is not None:
        return case.frames(door)
    frames: list[bytes] = []
    for mode in Mode:
        for place, listing in enumerate(door.exchange.market.listings):
            trade = door.last(place)
            if trade is not None and (packets := door.speech.welcome(listing, trade, mode)):
                frame = door.speech.frame(packets)
                frames.append(frame.encode() if isinstance(frame, str) else frame)
    return frames


def judged(case: Case) -> tuple[Decoder, Door, dict[str, Route]]:
    door = door_of(case.door, world=bool(case.options.get("world")))
    routes = routes_of(case, door)
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


def test_whole_frames_decode_to_ticks_of_every_instrument(case: Case) -> None:
    decoder, door, routes = judged(case)
    for frame in frames_of(case, door):
        assert_total(decoder, routes, frame)

    assert decoder.statistics().ticks >= len(routes)
    assert decoder.statistics().malformed == 0


@settings(max_examples=300)
@given(frame=st.binary(max_size=600))
def test_any_bytes_are_ticks_or_nothing(case: Case, frame: bytes) -> None:
    decoder, _, routes = judged(case)
    assert_total(decoder, routes, frame)


@settings(max_examples=300)
@given(seed=st.integers(0, 2**32 - 1))
def test_frames_that_were_damaged_cut_or_joined_are_ticks_or_nothing(case: Case, seed: int) -> None:
    decoder, door, routes = judged(case)
    rng = Random(seed)
    frames = _frames(case, door)
    damaged = bytearray(rng.choice(frames) + (rng.choice(frames) if rng.random() < 0.3 else b""))
    for _ in range(rng.randrange(4)):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    frame = bytes(damaged[: rng.randrange(len(damaged) + 1)] if rng.random() < 0.3 else damaged)
    assert_total(decoder, routes, frame)


_KEPT: dict[str, list[bytes]] = {}


def _frames(case: Case, door: Door) -> list[bytes]:
    if case.name not in _KEPT:
        _KEPT[case.name] = frames_of(case, door)
    return _KEPT[case.name]


def test_routes_that_were_removed_are_silent_and_removing_them_again_is_no_error(case: Case) -> None:
    decoder, door, routes = judged(case)
    decoder.remove(list(routes.values()))
    decoder.remove(list(routes.values()))
    for frame in frames_of(case, door):
        assert decoder.decode(frame, NOON) == []
    decoder.add(list(routes.values()))
    assert sum(assert_total(decoder, routes, frame) for frame in frames_of(case, door)) >= len(routes)
