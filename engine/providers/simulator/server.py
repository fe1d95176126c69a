"""Running a simulated exchange: the market by the options, two listening sockets, and the task that streams."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import msgspec
import trio

from engine.providers.simulator.clock import ExchangeClock
from engine.providers.simulator.exchange import Exchange
from engine.providers.simulator.faults import Faults, parse_faults
from engine.providers.simulator.feed_server import FeedServer
from engine.providers.simulator.hours import MINUTE_NS, SECOND_NS, Hours, indian_date
from engine.providers.simulator.instruments import universe
from engine.providers.simulator.market import SyntheticMarket
from engine.providers.simulator.options import SimulatorOptions
from engine.providers.simulator.rate_limits import RateLimits
from engine.providers.simulator.recorded_market import RecordedMarket
from engine.providers.simulator.recordings import read_recording
from engine.providers.simulator.rest_server import RestServer

_MINUTE_S: Final = 60
_LEAD_NS: Final = SECOND_NS
"""How long before its first event a recording begins, so that a client can be there."""


class Simulator(msgspec.Struct, frozen=True):
    """A running simulated exchange."""

    host: str
    feed_port: int
    rest_port: int
    exchange: Exchange

    @property
    def feed_url(self) -> str:
        return f"ws://{self.host}:{self.feed_port}"

    @property
    def rest_url(self) -> str:
        """As dhanhq wants its ``base_url``."""
        return f"http://{self.host}:{self.rest_port}/v2"

    @property
    def control_url(self) -> str:
        """Where our own calls are: ``/instruments``, ``/history``, ``/health``, ``/control``."""
        return f"http://{self.host}:{self.rest_port}"


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
    feed = FeedServer(exchange, client_id=options.client_id, token=options.token)
    limits = RateLimits() if options.rate_limits else None
    rest = RestServer(exchange, token=options.token, limits=limits)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(exchange.run)
        feed_port = await _listen(nursery, feed.serve_stream, options.host, options.feed_port)
        rest_port = await _listen(nursery, rest.serve_stream, options.host, options.rest_port)
        task_status.started(Simulator(options.host, feed_port, rest_port, exchange))


async def _listen(
    nursery: trio.Nursery, handler: Callable[[trio.SocketStream], Awaitable[object]], host: str, port: int
) -> int:
    """Serve a port and say which it has become."""
    serve_tcp = partial(trio.serve_tcp, handler, port, host=host)
    listeners: list[trio.SocketListener] = await nursery.start(serve_tcp)
    return listeners[0].socket.getsockname()[1]


def open_exchange(options: SimulatorOptions, *, now_ns: Callable[[], int] = time.time_ns) -> Exchange:
    """The exchange of the options, without sockets."""
    began_ns = now_ns()
    start_ns = began_ns if options.start_ns is None else options.start_ns
    market = _recorded_market(options, start_ns) if options.recordings else _synthetic_market(options, start_ns)
    if isinstance(market, RecordedMarket) and options.start_ns is None and not options.rebase:
        start_ns = market.starts_ns - _LEAD_NS
    clock = ExchangeClock(now_ns, start_ns=start_ns, began_ns=options.began_ns, speed=options.speed, held=options.hold)
    return Exchange(market, clock=clock, faults=Faults(seed=options.seed, schedule=parse_faults(options.faults)))


def _synthetic_market(options: SimulatorOptions, start_ns: int) -> SyntheticMarket:
    listings = universe(options.instruments, indian_date(start_ns))
    rate = _ticks_per_second(options, options.instruments)
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
