"""A door that speaks Databento: the gateway on one port, the historical ranges on another."""

import trio

from engine.providers.simulator import http
from engine.providers.simulator.databento.gateway import GatewayServer
from engine.providers.simulator.databento.ranges import RangeCalls
from engine.providers.simulator.databento.speech import DatabentoSpeech
from engine.providers.simulator.door import Door
from engine.providers.simulator.listening import listen
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.vendors import Address, Vendor


async def serve(
    door: Door,
    options: SimulatorOptions,
    ports: DoorOptions,
    *,
    task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Both ports; the token of the options is the key."""
    gateway = GatewayServer(door, key=options.token)
    ranges = http.Server(RangeCalls(door, key=options.token).answer)
    async with trio.open_nursery() as nursery:
        feed_port = await listen(nursery, gateway.serve_stream, options.host, ports.feed_port)
        rest_port = await listen(nursery, ranges.serve_stream, options.host, ports.rest_port)
        task_status.started(Address(f"tcp://{options.host}:{feed_port}", f"http://{options.host}:{rest_port}/v0"))


VENDOR = Vendor(DatabentoSpeech, serve)
