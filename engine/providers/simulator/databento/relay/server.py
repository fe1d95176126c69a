"""A door that speaks as the relay does: bars and trades over one WebSocket. Its second port answers nothing."""

from typing import Any, Final

import msgspec
import trio

from engine.providers.base import Mode
from engine.providers.databento.relay.messages import LENGTHS, read_messages
from engine.providers.simulator import http
from engine.providers.simulator.databento.relay.speech import RelaySpeech, answer
from engine.providers.simulator.door import Door
from engine.providers.simulator.faults import FaultKind
from engine.providers.simulator.feed_server import FeedServer
from engine.providers.simulator.history import merge, minutes
from engine.providers.simulator.hours import MINUTE_NS
from engine.providers.simulator.listening import listen
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.subscriber import Subscriber
from engine.providers.simulator.vendors import Address, Vendor

MOST_BARS: Final = 100_000


class RelayFeedRules:
    """Who asks for a symbol's bars gets them, and its trades from then on."""

    most_connections = 100
    crowded = None
    ping_s = float("inf")
    """It answers pings, and sends none."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def status(self, target: str, headers: list[tuple[bytes, bytes]]) -> int | None:
        """Everybody is let in."""
        return None

    async def obey(self, subscriber: Subscriber, message: str | bytes) -> None:
        """Answer what is asked for; what nobody understands is an error in words."""
        for request in read_messages(message) or [{}]:
            place = self._place(request.get("symbol"))
            if request.get("type") != "get_history" or place is None or request.get("timeframe") not in LENGTHS:
                subscriber.say(_error("expected get_history of a known symbol and timeframe"))
            elif self._door.fails(FaultKind.ERROR):
                subscriber.say(_error("internal error"))
            else:
                await self._answer(subscriber, request, place)

    def farewell(self, code: int) -> None:
        """It closes without a reason."""

    async def _answer(self, subscriber: Subscriber, request: dict[str, Any], place: int) -> None:
        wanted = request.get("bars")
        count = min(wanted, MOST_BARS) if isinstance(wanted, int) and wanted > 0 else 1
        candles = await self._candles(place, request["timeframe"], count)
        subscriber.say(answer(request["symbol"], request["timeframe"], candles))
        if place not in subscriber.modes:
            self._door.subscribe(subscriber, place, Mode.QUOTE)

    async def _candles(self, place: int, timeframe: str, count: int) -> list[Any]:
        """So many of the newest, the forming one among them."""
        market, now_ns, length = self._door.exchange.market, self._door.exchange.now_ns, LENGTHS[timeframe]
        start_ns = (now_ns // length - count + 1) * length
        candles = self._door.record.kept(await minutes(market, place, start_ns, now_ns + 1, now_ns=now_ns))
        return candles if length == MINUTE_NS else merge(candles, timeframe, length, origin_ns=0)

    def _place(self, symbol: object) -> int | None:
        return next((place for (_, known), place in self._door.places.items() if known == symbol), None)


def _error(text: str) -> str:
    return msgspec.json.encode({"type": "error", "message": text}).decode()


async def serve(
    door: Door,
    options: SimulatorOptions,
    ports: DoorOptions,
    *,
    task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Both ports."""
    feed = FeedServer(door, RelayFeedRules(door))
    async with trio.open_nursery() as nursery:
        feed_port = await listen(nursery, feed.serve_stream, options.host, ports.feed_port)
        rest_port = await listen(nursery, http.Server().serve_stream, options.host, ports.rest_port)
        task_status.started(Address(f"ws://{options.host}:{feed_port}", f"http://{options.host}:{rest_port}"))


VENDOR = Vendor(RelaySpeech, serve)
