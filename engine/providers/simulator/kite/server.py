"""A door that speaks Kite, on ports of its own."""

from typing import Final

import trio

from engine.providers.kite.codec import HEARTBEAT
from engine.providers.simulator import http
from engine.providers.simulator.door import Door
from engine.providers.simulator.feed_server import FeedServer
from engine.providers.simulator.kite.feed_rules import KiteFeedRules
from engine.providers.simulator.kite.rest_calls import CALLS_EACH_SECOND, KiteCalls
from engine.providers.simulator.kite.speech import KiteSpeech
from engine.providers.simulator.listening import listen
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.rate_limits import RateLimits
from engine.providers.simulator.vendors import Address, Vendor

HEARTBEAT_S: Final = 1.0


async def serve(
    door: Door,
    options: SimulatorOptions,
    ports: DoorOptions,
    *,
    task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED,
) -> None:
    """The ticker on one port, where a byte is sent every second whatever happens, and the REST calls on another."""
    limits = RateLimits(CALLS_EACH_SECOND) if options.rate_limits else None
    feed = FeedServer(door, KiteFeedRules(door, api_key=options.client_id, token=options.token))
    rest = http.Server(KiteCalls(door, api_key=options.client_id, token=options.token, limits=limits).answer)
    async with trio.open_nursery() as nursery:
        feed_port = await listen(nursery, feed.serve_stream, options.host, ports.feed_port)
        rest_port = await listen(nursery, rest.serve_stream, options.host, ports.rest_port)
        task_status.started(Address(f"ws://{options.host}:{feed_port}", f"http://{options.host}:{rest_port}"))
        while True:
            await trio.sleep(HEARTBEAT_S)
            door.say(HEARTBEAT)


VENDOR = Vendor(KiteSpeech, serve)
