"""The publisher: fired alerts stand in the stream once each, however often they are told while the store is away."""

from functools import partial
from typing import Any

import msgspec
import trio

from actors.messages import AlertsFired, Count
from actors.publisher import Publisher
from engine.storage.durable.alerts import FiredAlert
from engine.storage.memory import MemoryHotStore
from tests.actors.parts import NOON, among_witnesses

ALERT = FiredAlert(
    id="7-1", owner="u1", rule=7, name="r", kind="price", instrument="NSE:A", message="m", value=1.5, at_ns=NOON
)
TWO = AlertsFired((ALERT, msgspec.structs.replace(ALERT, id="7-2")))


async def test_alerts_that_are_told_again_and_again_while_the_store_is_away_fill_no_queue(autojump_clock: Any) -> None:
    hot = MemoryHotStore()
    make = partial(Publisher, hot)
    async with among_witnesses(
        lambda system: make(broadcaster=system.ref("/engine/broadcaster")), "broadcaster", answer={}
    ) as (system, _):
        publisher = system.ref("/engine/subject")
        await trio.sleep(1)
        hot.link.away = True
        for _ in range(30):
            assert await publisher.ask(TWO, timeout_s=5) is False
            await trio.sleep(2)
        assert (await publisher.ask(Count(), timeout_s=5))["events_waiting"] <= len(TWO.alerts)
        hot.link.away = False
        for _ in range(3):
            assert await publisher.ask(TWO, timeout_s=5) is True
        told = [payload for _, payload in await hot.read_events("0-0", 100)]
        assert [sum(alert.id.encode() in payload for payload in told) for alert in TWO.alerts] == [1, 1]
