"""A door that speaks Dhan, on ports of its own."""

from collections.abc import Sequence

import trio

from engine.providers.simulator import http
from engine.providers.simulator.dhan.depth import DEPTH_PATH, DhanDepthRules, DhanDepthSpeech
from engine.providers.simulator.dhan.feed_rules import DhanFeedRules
from engine.providers.simulator.dhan.orders import ORDERS_PATH, DhanOrderRules, DhanOrderSpeech
from engine.providers.simulator.dhan.rest_calls import CALLS_EACH_SECOND, DhanCalls
from engine.providers.simulator.dhan.speech import DhanSpeech
from engine.providers.simulator.door import Door
from engine.providers.simulator.feed_server import FeedServer
from engine.providers.simulator.http import Call
from engine.providers.simulator.listening import listen
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.rate_limits import RateLimits
from engine.providers.simulator.vendors import Address, Vendor


def calls(door: Door, options: SimulatorOptions, *, prefix: str = "/v2/") -> Call:
    """The door's REST calls."""
    limits = RateLimits(CALLS_EACH_SECOND) if options.rate_limits else None
    return DhanCalls(door, token=options.token, limits=limits, prefix=prefix).answer


async def serve(
    door: Door,
    options: SimulatorOptions,
    ports: DoorOptions,
    *,
    also: Sequence[Call] = (),
    task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED,
) -> None:
    """The feed on one port and the REST calls on another, which may answer other calls, too."""
    feed = _feed(door, options.client_id, options.token)
    rest = http.Server(calls(door, options), *also)
    async with trio.open_nursery() as nursery:
        feed_port = await listen(nursery, feed.serve_stream, options.host, ports.feed_port)
        rest_port = await listen(nursery, rest.serve_stream, options.host, ports.rest_port)
        task_status.started(Address(f"ws://{options.host}:{feed_port}", f"http://{options.host}:{rest_port}/v2"))


def _feed(door: Door, client_id: str, token: str) -> FeedServer:
    """The live feed; the depth feed and the order updates, which Dhan has elsewhere, are at paths of their own."""
    depth = DhanDepthRules(door, client_id=client_id, token=token)
    orders = DhanOrderRules(door, client_id=client_id, token=token)
    also = {
        DEPTH_PATH: FeedServer(door, depth, speech=DhanDepthSpeech(), hears=False),
        ORDERS_PATH: FeedServer(door, orders, speech=DhanOrderSpeech(), hears=False),
    }
    return FeedServer(door, DhanFeedRules(door, client_id=client_id, token=token), hears=False, also=also)


VENDOR = Vendor(DhanSpeech, serve)
