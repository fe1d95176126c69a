"""What every adapter makes of what goes wrong at the other end."""

import contextlib
import re
from pathlib import Path

import pytest
import trio

from engine.market.tick import Tick
from engine.providers.base import Advice, ProviderError
from engine.providers.simulator.faults import FaultKind
from engine.providers.simulator.history import minutes
from engine.providers.simulator.hours import MINUTE_NS
from tests.providers.conformance.case import (
    SHORT,
    Bench,
    Case,
    at_least,
    bench,
    of_all,
    read_to_the_end,
    until,
    without,
)
from tests.providers.conformance.test_feed import assert_sound

LASTING = "+9999"


async def how_it_ends(made: Bench, token: str | None = None) -> ProviderError:
    """Why a connection ended by itself."""
    with pytest.raises(ProviderError) as ended:
        await read_to_the_end(made.feed(token), made.routes)
    return ended.value


async def struck(made: Bench, fault: str) -> ProviderError:
    """Why a connection ended on which a fault struck as soon as it had ticked."""
    with pytest.raises(ProviderError) as ended:
        await _strike(made, fault)
    return ended.value


async def _strike(made: Bench, fault: str) -> None:
    feed, routes = made.feed(patience=SHORT), made.routes
    with trio.fail_after(20):
        async with feed.connect(routes) as connection:
            await made.ticks(connection, feed.decoder(routes), at_least(10))
            made.fault(fault)
            while True:
                await connection.receive()


async def test_a_connection_that_is_cut_is_told_and_the_next_one_ticks_again(case: Case) -> None:
    async with bench(case) as made:
        ended = await struck(made, "close")
        assert ended.advice is Advice.RETRY

        feed, routes = made.feed(), made.routes
        async with feed.connect(routes) as connection:
            await made.ticks(connection, feed.decoder(routes), of_all(routes))


async def test_a_connection_that_is_sent_away_is_told(case: Case) -> None:
    async with bench(case) as made:
        assert (await struck(made, "disconnect")).advice in (Advice.RETRY, Advice.WAIT)


async def test_a_line_that_freezes_is_given_up_within_the_adapters_patience(case: Case) -> None:
    async with bench(case) as made:
        ended = await struck(made, f"freeze{LASTING}")

    assert ended.advice is Advice.RETRY
    assert "silent" in str(ended)


async def test_a_line_that_freezes_for_a_moment_is_kept(case: Case) -> None:
    async with bench(case) as made:
        feed, routes = made.feed(), made.routes
        decoder = feed.decoder(routes)
        async with feed.connect(routes) as connection:
            await made.ticks(connection, decoder, at_least(10))
            made.fault("freeze+0.5")
            await until(lambda: not made.door.faults.planned())
            await made.ticks(connection, decoder, at_least(200))


async def test_a_refused_token_asks_for_a_new_one_in_feed_and_history(case: Case) -> None:
    if not case.needs_token:
        pytest.skip(f"{case} needs no token")
    async with bench(case) as made:
        made.fault(f"refuse{LASTING}")
        assert (await how_it_ends(made)).advice is Advice.NEW_TOKEN
        async with made.history() as history:
            with pytest.raises(ProviderError) as refused:
                await history.last_prices(made.routes)

    assert refused.value.advice is Advice.NEW_TOKEN


async def test_another_token_than_the_good_one_is_refused(case: Case) -> None:
    if not case.needs_token:
        pytest.skip(f"{case} needs no token")
    async with bench(case) as made:
        assert (await how_it_ends(made, "another-token")).advice is Advice.NEW_TOKEN
        async with made.history("another-token") as history:
            with pytest.raises(ProviderError) as refused:
                await history.last_prices(made.routes)

    assert refused.value.advice is Advice.NEW_TOKEN


async def test_too_many_calls_are_told_with_how_long_to_wait(case: Case) -> None:
    async with bench(case) as made:
        made.fault(f"429=7{LASTING}")
        async with made.history() as history:
            with pytest.raises(ProviderError) as limited:
                await history.last_prices(made.routes)
        if case.answers_http:
            connecting = await how_it_ends(made)
            assert connecting.advice is Advice.WAIT
            assert (connecting.wait_s or 0) >= 7

    assert limited.value.advice is Advice.WAIT
    assert (limited.value.wait_s or 0) >= 7


async def test_a_failure_of_the_provider_itself_may_pass(case: Case) -> None:
    async with bench(case) as made:
        made.fault(f"error{LASTING}")
        async with made.history() as history:
            with pytest.raises(ProviderError) as failed:
                await history.last_prices(made.routes)

            assert failed.value.advice is Advice.RETRY
            made.door.faults.clear()
            assert await history.last_prices(made.routes)


@pytest.mark.parametrize("fault", ["duplicate", "reorder", "corrupt=0.5", "bad_print=0.5", "drop=0.5"])
async def test_a_damaged_stream_never_raises_and_what_comes_of_it_is_sound(case: Case, fault: str) -> None:
    async with bench(case) as made:
        feed, routes = made.feed(), made.routes
        decoder = feed.decoder(routes)
        made.fault(fault + LASTING)
        ticks = list[Tick]()
        with trio.fail_after(30):
            while len(ticks) < 300:
                # a damaged packet may say that the connection ends
                with contextlib.suppress(*([ProviderError] if fault.startswith("corrupt") else [])):
                    async with feed.connect(routes) as connection:
                        ticks += await made.ticks(connection, decoder, at_least(300))
    for tick in ticks:
        assert_sound(tick, routes, case.name)


async def test_a_stream_that_stalls_is_absence_and_no_error(case: Case) -> None:
    async with bench(case) as made:
        feed, routes = made.feed(), made.routes
        decoder = feed.decoder(routes)
        async with feed.connect(routes) as connection:
            await made.ticks(connection, decoder, at_least(10))
            made.fault("stall+0.5")
            await until(lambda: not made.door.faults.planned())
            await made.ticks(connection, decoder, at_least(200))
    assert made.door.statistics().faults.lost > 0


async def test_a_lost_subscription_is_silent_and_can_be_asked_for_again(case: Case) -> None:
    async with bench(case, ticks_per_second=4_000) as made:
        lost, other = made.tradeable[:2]
        feed = made.feed()
        decoder = feed.decoder([lost, other])
        async with feed.connect([lost, other]) as connection:
            await made.ticks(connection, decoder, of_all([lost, other]))
            made.fault(f"lose:{lost.instrument}")
            await until(lambda: not made.door.follows(made.place(lost)))
            await made.ticks(connection, decoder, without(lost))
            silent = await made.ticks(connection, decoder, at_least(50))
            await connection.subscribe([lost])
            await made.ticks(connection, decoder, of_all([lost]))

    assert {tick.instrument for tick in silent} == {other.instrument}


async def test_a_retired_instrument_is_silent_and_unknown_to_history(case: Case) -> None:
    async with bench(case, ticks_per_second=4_000) as made:
        retired, other = made.tradeable[:2]
        place = made.place(retired)
        feed = made.feed()
        decoder = feed.decoder([retired, other])
        made.fault(f"retire:{retired.instrument}")
        await until(lambda: (retired.segment, retired.security_id) not in made.door.places)
        async with feed.connect([retired, other]) as connection:
            ticks = await made.ticks(connection, decoder, at_least(50))
        async with made.history() as history:
            prices = await history.last_prices([retired, other])

    assert {tick.instrument for tick in ticks} == set(prices) == {other.instrument}
    assert not made.door.follows(place)


@pytest.mark.parametrize("fault", ["halt:{name}", "illiquid:{name}=0"])
async def test_an_instrument_that_is_not_traded_is_silent_and_has_no_candles_either(case: Case, fault: str) -> None:
    async with bench(case, ticks_per_second=4_000) as made:
        halted, other = made.tradeable[:2]
        feed = made.feed()
        decoder = feed.decoder([halted, other])
        async with feed.connect([halted, other]) as connection:
            await made.ticks(connection, decoder, of_all([halted, other]))
            made.fault(fault.format(name=halted.instrument) + LASTING)
            await until(lambda: made.exchange.market.halts)
            await made.ticks(connection, decoder, without(halted))
            silent = await made.ticks(connection, decoder, at_least(50))
        async with made.history() as history:
            now_ns = made.exchange.now_ns
            told = await history.minutes(halted, now_ns - 3 * MINUTE_NS, now_ns)
            market, place = made.exchange.market, made.place(halted)
            expected = await minutes(market, place, now_ns - 3 * MINUTE_NS, now_ns, now_ns=now_ns)

    assert {tick.instrument for tick in silent} == {other.instrument}
    assert [(one.time, one.close, one.volume) for one in told] == [
        (one.time, one.close, one.volume) for one in expected
    ]


async def test_a_change_of_level_is_told_by_feed_and_record_alike(case: Case) -> None:
    async with bench(case, ticks_per_second=4_000) as made:
        routes = made.tradeable[:1]
        feed = made.feed()
        decoder = feed.decoder(routes)
        async with feed.connect(routes) as connection, made.history() as history:
            [before, *_] = await made.ticks(connection, decoder, at_least(1))
            made.fault("level_shift=1.5")
            await made.ticks(connection, decoder, lambda ticks: any(tick.price > 1.3 * before.price for tick in ticks))
            with trio.fail_after(10):  # a vendor that tells whole seconds tells of the one that goes on when it is over
                while (await history.last_prices(routes))[before.instrument] <= 1.3 * before.price:
                    await trio.sleep(0.2)


def test_every_fault_there_is_happens_to_every_adapter() -> None:
    written = " ".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    assert [kind for kind in FaultKind if not re.search(rf'"{kind}[":=+{{]', written.replace('f"', '"'))] == []
