"""Final candles through a view: what they go on from is known before they are shown."""

from engine.market import View
from tests.web.hub.test_hub import flush
from tests.web.lines import client
from tests.web.sources.resuming import CHANNEL, NAME, World
from web.protocol import Channel, Kind

JOINED = Channel(f"candle.{NAME}.1m?continuous=true", Kind.CANDLE, NAME, "1m", View(continuous=True))


def test_a_candle_that_closes_right_after_it_is_followed_opens_where_the_one_before_closed() -> None:
    """It opened at its own price when nobody had read the closes yet: the chart had a step that reloading took away."""
    world = World()
    try:
        world.close_minute()
        world.close_minute()
        process = world.processes[0]
        world.do(process.events.take(0))
        outbox, line = client()
        process.hub.join(outbox)
        process.hub.follow(outbox, JOINED, NAME)
        process.hub.follow(outbox, CHANNEL, NAME)
        world.now_ms += 180_000
        world.close_minute()
        world.do(process.events.take(0))
        flush(process.hub)
    finally:
        world.end()

    told = {message["channel"]: message["data"] for message in line.messages() if "data" in message}
    assert (told[JOINED.name]["open"], told[JOINED.name]["close"]) == (2.0, 3.0)
    assert (told[CHANNEL.name]["open"], told[CHANNEL.name]["close"]) == (1.0, 3.0)
