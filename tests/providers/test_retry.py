import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from engine.providers.base import Advice, ProviderError
from engine.providers.retry import RetryPolicy, retrying

POLICY = RetryPolicy(attempts=4, initial_s=1, factor=2, maximum_s=3, jitter=0.5, longest_wait_s=90)


def failing(*errors: ProviderError):  # noqa: ANN201
    left = list(errors)

    async def call() -> str:
        await trio.lowlevel.checkpoint()
        if left:
            raise left.pop(0)
        return "done"

    return call


def retry(wait_s: float | None = None, advice: Advice = Advice.RETRY) -> ProviderError:
    return ProviderError("down", advice=advice, wait_s=wait_s)


@pytest.mark.parametrize(("attempt", "delay_s"), [(1, 1), (2, 2), (3, 3), (4, None)])
def test_delays_grow_to_their_cap_and_tries_end(attempt: int, delay_s: float | None) -> None:
    assert POLICY.delay_s(attempt, retry(), lambda: 0.0) == delay_s


@pytest.mark.parametrize("advice", [Advice.NEW_TOKEN, Advice.FIX_REQUEST, Advice.GIVE_UP])
def test_what_will_fail_again_is_not_tried_again(advice: Advice) -> None:
    assert POLICY.delay_s(1, retry(advice=advice), lambda: 0.0) is None


@given(wait_s=st.floats(0, 90), attempt=st.integers(1, 3), jitter=st.floats(0, 1))
def test_a_providers_own_wait_is_never_cut_short(wait_s: float, attempt: int, jitter: float) -> None:
    delay_s = POLICY.delay_s(attempt, retry(wait_s, Advice.WAIT), lambda: jitter)

    assert delay_s is not None
    assert wait_s <= delay_s <= max(wait_s, 3) * 1.5


def test_who_is_told_to_wait_too_long_passes_it_on() -> None:
    assert POLICY.delay_s(1, retry(91, Advice.WAIT), lambda: 0.0) is None


async def test_a_call_is_tried_until_it_succeeds(autojump_clock: trio.testing.MockClock) -> None:
    start = trio.current_time()

    assert await retrying(failing(retry(), retry(10, Advice.WAIT)), POLICY, jitter=lambda: 0.0) == "done"

    assert trio.current_time() - start == 1 + 10


async def test_the_last_failure_is_raised_as_it_came(autojump_clock: trio.testing.MockClock) -> None:
    errors = [retry() for _ in range(4)]

    with pytest.raises(ProviderError) as raised:
        await retrying(failing(*errors), POLICY, jitter=lambda: 0.0)

    assert raised.value is errors[-1]
