"""Starting an exchange: its options, its addresses, and what a restart keeps."""

from typing import Any

import pytest
import trio

from engine.providers.simulator.options import SimulatorOptions
from engine.providers.simulator.server import open_exchange
from tests.providers.simulator.markets import ManualClock, at, place_of, simulator


@pytest.mark.parametrize("name", ["instruments", "ticks_per_second", "speed"])
def test_nonsensical_options_are_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be more than 0"):
        SimulatorOptions(**dict[str, Any]({name: 0}))


async def test_two_exchanges_share_a_machine_on_free_ports() -> None:
    async with simulator(instruments=3) as one, simulator(instruments=3) as other:
        assert len({one.feed_url, one.rest_url, other.feed_url, other.rest_url}) == 4
        assert one.rest_url == f"{one.control_url}/v2"


async def test_a_taken_port_stops_the_start() -> None:
    async with simulator(instruments=3) as running:
        with pytest.raises(ExceptionGroup) as failed:
            async with simulator(instruments=3, feed_port=place_of(running.feed_url)[1]):
                pass

        assert failed.group_contains(OSError)


async def test_the_exchange_runs_as_fast_as_it_is_told() -> None:
    start_ns = at("2026-11-20 12:00:00")
    async with simulator(instruments=3, start_ns=start_ns, speed=100) as running:
        await trio.sleep(0.3)

        assert 20 < (running.exchange.now_ns - start_ns) / 1e9 < 200


def test_restarted_at_any_moment_the_market_goes_on_as_if_it_had_never_stopped() -> None:
    clock = ManualClock(at("2026-11-20 12:00:00"))
    options = SimulatorOptions(instruments=30)
    before = open_exchange(options, now_ns=clock.now_ns)
    clock.pass_s(1_234.5)
    after = open_exchange(options, now_ns=clock.now_ns)

    for index in range(30):
        assert after.market.last(index, clock.now) == before.market.last(index, clock.now)
