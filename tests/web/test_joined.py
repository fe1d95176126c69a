import asyncio

import pytest

from web.joined import Joined

pytestmark = pytest.mark.anyio


class Work:
    """Counts how often it was done, and takes as long as it is told."""

    def __init__(self) -> None:
        self.done = 0
        self.gate = asyncio.Event()

    async def do(self) -> int:
        self.done += 1
        await self.gate.wait()
        return self.done


async def test_who_asks_while_the_work_is_done_gets_the_same_result() -> None:
    work, joined = Work(), Joined[int](fresh_s=0.0)
    asking = [asyncio.create_task(joined.of("a", work.do)) for _ in range(5)]
    await asyncio.sleep(0)
    work.gate.set()

    assert await asyncio.gather(*asking) == [1] * 5
    assert await joined.of("a", work.do) == 2


async def test_a_result_is_kept_for_a_while_where_it_is_worth_it() -> None:
    work, joined = Work(), Joined[int](fresh_s=60.0, keep=lambda result: result > 1)
    work.gate.set()

    assert [await joined.of("a", work.do) for _ in range(4)] == [1, 2, 2, 2]
    assert await joined.of("b", work.do) == 3


async def test_a_caller_that_leaves_takes_nobodys_result_with_it() -> None:
    work, joined = Work(), Joined[int](fresh_s=0.0)
    leaving, staying = (asyncio.create_task(joined.of("a", work.do)) for _ in range(2))
    await asyncio.sleep(0.01)
    leaving.cancel()
    work.gate.set()

    assert await staying == 1
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_work_that_fails_fails_for_all_who_joined_and_is_done_again_for_the_next() -> None:
    joined, tries = Joined[int](fresh_s=60.0), [OSError("away")]

    async def do() -> int:
        await asyncio.sleep(0)
        if tries:
            raise tries.pop()
        return 1

    outcomes = await asyncio.gather(*(joined.of("a", do) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OSError] * 3
    assert await joined.of("a", do) == 1
