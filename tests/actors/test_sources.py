"""Several providers behind one question: each is asked for what those before it lack, and one that refuses is left alone."""

from typing import Any

import pytest

from engine.providers.base import Advice, ProviderError
from tests.actors.healing_parts import DAY_NS, Provider, routes_of, sources_of
from tests.actors.parts import MINUTE_NS, NAME, NOON, candle

WANTED = [NOON - number * MINUTE_NS for number in range(5, 0, -1)]


def record(*numbers: int, price: float = 10.0) -> Provider:
    return Provider(candle(WANTED[number], price, 1) for number in numbers)


async def test_the_next_provider_is_asked_only_for_what_the_first_lacks(autojump_clock: Any) -> None:
    one, two = record(0, 1, 4), record(0, 2, 3, 4, price=20.0)
    answer = await sources_of({"one": one, "two": two}, routes_of(["one", "two"])).minutes(NAME, WANTED)
    assert {minute.time: minute.close for minute in answer.minutes} == dict(
        zip(WANTED, [10.0, 10.0, 20.0, 20.0, 10.0], strict=True)
    )
    assert two.asked == [(WANTED[2], WANTED[4])]
    assert answer.unheard == ""


async def test_whoever_has_all_is_the_only_one_asked(autojump_clock: Any) -> None:
    one, two = record(*range(5)), record()
    await sources_of({"one": one, "two": two}, routes_of(["one", "two"])).minutes(NAME, WANTED)
    assert (one.asked, two.asked) == ([(WANTED[0], NOON)], [])


@pytest.mark.parametrize("advice", [Advice.GIVE_UP, Advice.FIX_REQUEST, Advice.RETRY])
async def test_where_the_first_fails_the_next_one_answers(autojump_clock: Any, advice: Advice) -> None:
    one, two = record(), record(*range(5))
    one.error = ProviderError("broken", advice=advice)
    answer = await sources_of({"one": one, "two": two}, routes_of(["one", "two"])).minutes(NAME, WANTED)
    assert (len(answer.minutes), answer.unheard) == (5, "")


async def test_nothing_counts_as_empty_while_a_provider_that_may_know_is_away(autojump_clock: Any) -> None:
    one, two = record(), record(0)
    one.error = ProviderError("away")
    sources = sources_of({"one": one, "two": two}, routes_of(["one", "two"]))
    assert (await sources.minutes(NAME, WANTED)).unheard == "away"
    one.error = ProviderError("never", advice=Advice.GIVE_UP)
    assert (await sources.minutes(NAME, WANTED)).unheard == ""


async def test_when_nobody_answers_the_advice_is_to_give_up_only_if_all_say_so(autojump_clock: Any) -> None:
    one, two = record(), record()
    one.error, two.error = ProviderError("never", advice=Advice.GIVE_UP), ProviderError("away")
    sources = sources_of({"one": one, "two": two}, routes_of(["one", "two"]))
    with pytest.raises(ProviderError, match="away"):
        await sources.minutes(NAME, WANTED)
    two.error = ProviderError("nor I", advice=Advice.FIX_REQUEST)
    with pytest.raises(ProviderError, match="never"):
        await sources.minutes(NAME, WANTED)


async def test_a_provider_that_refuses_all_is_not_asked_again_before_its_time(autojump_clock: Any) -> None:
    one, two = record(), record(*range(5))
    one.error = ProviderError("too many calls", advice=Advice.WAIT, wait_s=30.0)
    sources = sources_of({"one": one, "two": two}, routes_of(["one", "two"]))
    for _ in range(3):
        assert len((await sources.minutes(NAME, WANTED)).minutes) == 5
    assert (len(one.asked), sources.held_until_ns) == (1, 0)
    two.error = ProviderError("me too", advice=Advice.WAIT, wait_s=60.0)
    with pytest.raises(ProviderError):
        await sources.minutes(NAME, WANTED)
    assert sources.held_until_ns == NOON + 30_000_000_000


async def test_no_provider_is_asked_for_more_than_it_keeps(autojump_clock: Any) -> None:
    old = [NOON - 40 * DAY_NS, *WANTED]
    one, two = Provider(look_back_days=10), Provider(look_back_days=30)
    answer = await sources_of({"one": one, "two": two}, routes_of(["one", "two"])).minutes(NAME, old)
    assert (one.asked[0][0], two.asked[0][0]) == (NOON - 10 * DAY_NS, NOON - 30 * DAY_NS)
    assert (answer.reach_ns, answer.reach) == (NOON - 30 * DAY_NS, "older than two keeps: 30 days")
