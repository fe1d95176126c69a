"""A door that speaks Yahoo, on ports of its own."""

import trio

from engine.providers.simulator import http
from engine.providers.simulator.door import Door
from engine.providers.simulator.feed_server import FeedServer
from engine.providers.simulator.listening import listen
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.vendors import Address, Vendor
from engine.providers.simulator.yahoo.feed_rules import YahooFeedRules
from engine.providers.simulator.yahoo.rest_calls import YahooCalls
from engine.providers.simulator.yahoo.speech import YahooSpeech


async def serve(
    door: Door,
    options: SimulatorOptions,
    ports: DoorOptions,
    *,
    task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED,
) -> None:
    """The streamer on one port and the REST calls on another."""
    rules = YahooFeedRules(door)
    rest = http.Server(YahooCalls(door).answer)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(rules.drop_silent)
        feed_port = await listen(nursery, FeedServer(door, rules).serve_stream, options.host, ports.feed_port)
        rest_port = await listen(nursery, rest.serve_stream, options.host, ports.rest_port)
        task_status.started(Address(f"ws://{options.host}:{feed_port}", f"http://{options.host}:{rest_port}"))


VENDOR = Vendor(YahooSpeech, serve)
