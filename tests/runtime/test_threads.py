"""Other threads come in through the system's own door only."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import pytest

from engine.runtime import ActorSystem, ChildSpec, ForeignThreadError
from tests.runtime.parts import Clerk, Note, Notes

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["trio", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """In real time: a virtual clock would jump while the other thread works."""
    return request.param


def in_thread(work: Any) -> list[Any]:
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - the error is the result
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return results


async def test_a_tell_from_another_thread_is_refused(log: Any) -> None:
    async with ActorSystem("test") as system:
        ref = await system.start(ChildSpec("clerk", Clerk))
        for _ in range(2):  # with and without mail waiting
            [error] = in_thread(lambda: ref.tell(Note("alien")))
            assert isinstance(error, ForeignThreadError)
            assert "call_from_thread" in str(error)
            ref.tell(Note("native"))
        assert await ref.ask(Notes(), timeout_s=5) == ["native", "native"]


async def test_an_ask_from_another_threads_loop_is_refused(log: Any) -> None:
    async with ActorSystem("test") as system:
        ref = await system.start(ChildSpec("clerk", Clerk))

        async def ask() -> Any:
            return await ref.ask(Notes(), timeout_s=1)

        [error] = await anyio.to_thread.run_sync(in_thread, lambda: anyio.run(ask))
        assert isinstance(error, ForeignThreadError)


async def test_a_thread_of_any_origin_calls_through_the_door(log: Any) -> None:
    async with ActorSystem("test") as system:
        ref = await system.start(ChildSpec("clerk", Clerk))

        async def ask() -> Any:
            return await ref.ask(Notes(), timeout_s=5)

        def work() -> Any:
            for number in range(100):
                system.call_from_thread(ref.tell, Note(number))
            return system.call_from_thread(ask)

        assert await anyio.to_thread.run_sync(in_thread, work) == [list(range(100))]


async def test_an_error_comes_back_through_the_door(log: Any) -> None:
    async with ActorSystem("test") as system:

        def fail() -> None:
            raise LookupError("inside")

        [error] = await anyio.to_thread.run_sync(in_thread, lambda: system.call_from_thread(fail))
        assert isinstance(error, LookupError)


async def test_the_loops_own_thread_needs_no_door(log: Any) -> None:
    async with ActorSystem("test") as system:
        with pytest.raises(RuntimeError, match="event loop thread"):
            system.call_from_thread(lambda: None)


async def test_the_door_is_closed_when_the_system_has_ended(log: Any) -> None:
    async with ActorSystem("test") as system:
        pass
    [error] = in_thread(lambda: system.call_from_thread(lambda: None))
    assert isinstance(error, RuntimeError)
