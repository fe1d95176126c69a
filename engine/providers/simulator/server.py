"""Running a simulated exchange: the market by the options, the doors with their ports, and the task that streams.

The first door, ``simulator``, speaks Dhan; the exchange's own calls (``/instruments``, ``/history``, ``/health``,
``/control``) are beside its REST calls, and so is the record of ``simulator2``, below ``/second/v2``. Every door of
``SimulatorOptions.doors`` has two ports of its own; ``Simulator.addresses`` and ``/health`` tell where each is, and
``ticktree simulate --door simulator_kite`` prints them as ``TICKTREE_SIMULATOR_DOORS``, by which an engine finds them.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
import trio

from engine.providers.simulator.clock import ExchangeClock
from engine.providers.simulator.control import Control
from engine.providers.simulator.dhan import server as dhan
from engine.providers.simulator.exchange import Exchange
from engine.providers.simulator.faults import Faults, parse_faults
from engine.providers.simulator.hours import MINUTE_NS, SECOND_NS, Hours, indian_date
from engine.providers.simulator.instruments import option_desk, universe
from engine.providers.simulator.market import SyntheticMarket
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.recorded_market import RecordedMarket
from engine.providers.simulator.recordings import read_recording
from engine.providers.simulator.vendors import Address, vendor
from engine.providers.simulator.world import world

_MINUTE_S: Final = 60
_LEAD_NS: Final = SECOND_NS
"""How long before its first event a recording begins, so that a client can be there."""
_FIRST: Final = "simulator"
_SECOND: Final = "simulator2"


class Simulator(msgspec.Struct, frozen=True):
    """A running simulated exchange."""

    addresses: dict[str, Address]
    """Of each door that has ports of its own."""
    exchange: Exchange

    @property
    def feed_url(self) -> str:
        """The first door's."""
        return self.addresses[_FIRST].feed_url

    @property
    def rest_url(self) -> str:
        """The first door's, as dhanhq wants its ``base_url``."""
        return self.addresses[_FIRST].rest_url

    @property
    def control_url(self) -> str:
        """Where our own calls are: ``/instruments``, ``/history``, ``/health``, ``/control``."""
        return self.rest_url.removesuffix("/v2")


async def serve(
    options: SimulatorOptions,
    *,
    now_ns: Callable[[], int] = time.time_ns,
    task_status: trio.TaskStatus[Simulator] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run an exchange until cancelled; starts with where it can be reached.

    ``now_ns`` is the clock that ``speed`` and ``start_ns`` work on; with neither it is the exchange's own.
    """
    exchange = open_exchange(options, now_ns=now_ns)
    simulator = Simulator({}, exchange)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(exchange.run)
        for ports in options.doors:
            door = exchange.doors[ports.name]
            opened = partial(vendor(ports.name).serve, door, options, ports)
            simulator.addresses[ports.name] = await nursery.start(opened)
        simulator.addresses[_FIRST] = await nursery.start(partial(_serve_first, options, simulator))
        task_status.started(simulator)


async def _serve_first(
    options: SimulatorOptions, simulator: Simulator, *, task_status: trio.TaskStatus[Address]
) -> None:
    doors = simulator.exchange.doors
    second = dhan.calls(doors[_SECOND], options, prefix="/second/v2/")
    control = Control(simulator.exchange, addresses=simulator.addresses)
    ports = DoorOptions(_FIRST, options.feed_port, options.rest_port)
    await dhan.serve(doors[_FIRST], options, ports, also=(second, control.answer), task_status=task_status)


def open_exchange(options: SimulatorOptions, *, now_ns: Callable[[], int] = time.time_ns) -> Exchange:
    """The exchange of the options, without sockets."""
    began_ns = now_ns()
    start_ns = began_ns if options.start_ns is None else options.start_ns
    market = _recorded_market(options, start_ns) if options.recordings else _synthetic_market(options, start_ns)
    if isinstance(market, RecordedMarket) and options.start_ns is None and not options.rebase:
        start_ns = market.starts_ns - _LEAD_NS
    clock = ExchangeClock(now_ns, start_ns=start_ns, began_ns=options.began_ns, speed=options.speed, held=options.hold)
    exchange = Exchange(market, clock=clock)
    wanted = [DoorOptions(_FIRST, faults=options.faults), DoorOptions(_SECOND), *options.doors]
    for door in {door.name: door for door in wanted}.values():
        faults = Faults(seed=options.seed, schedule=parse_faults(door.faults))
        exchange.open(door.name, vendor(door.name).speech(), faults=faults, volume_offset=door.volume_offset)
    return exchange


def _synthetic_market(options: SimulatorOptions, start_ns: int) -> SyntheticMarket:
    today = indian_date(start_ns)
    listings = universe(options.instruments, today) + (world() if options.world else [])
    listings += option_desk(listings, today, options.strikes)
    rate = _ticks_per_second(options, len(listings))
    hours = Hours(options.calendar)
    return SyntheticMarket(listings, seed=options.seed, hours=hours, trades_per_minute=rate * _MINUTE_S / len(listings))


def _recorded_market(options: SimulatorOptions, start_ns: int) -> RecordedMarket:
    count = len(options.recordings)
    trades = _ticks_per_second(options, count) * _MINUTE_S / count

    def read(shift_ns: int) -> RecordedMarket:
        return RecordedMarket(
            [
                read_recording(path, seed=options.seed, trades_per_minute=trades, shift_ns=shift_ns)
                for path in options.recordings
            ]
        )

    market = read(0)
    if not options.rebase:
        return market
    return read(((start_ns - market.starts_ns) // MINUTE_NS + 1) * MINUTE_NS)


def _ticks_per_second(options: SimulatorOptions, instruments: int) -> float:
    return float(instruments) if options.ticks_per_second is None else options.ticks_per_second
