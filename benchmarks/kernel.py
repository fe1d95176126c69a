"""Tells and asks a second, ours on trio beside pykka's ThreadingActor, turn about in one process.

Both count messages in a handler of one line. A turn is measured from the first tell until the last message was handled;
a figure is the median of its turns. Ours is told in portions and waits until the dispatcher caught up, as a feed does;
pykka's queues have no bound and are told without a pause.
"""

import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import msgspec
import pykka

from engine.runtime import Actor, ActorRef, ActorSystem, ChildSpec, DynamicSupervisor, StartChildren, handles

TURNS = 3
ACTORS = (1, 100, 5_000)
PORTION = 5_000
PER_ACTOR = 500
"""Messages an actor may be told before the producer waits: half of what its mailbox holds."""
START_TIMEOUT_S = 60.0
ASK_TIMEOUT_S = 10.0


class Message(msgspec.Struct, frozen=True, gc=False):
    """What is told."""

    number: int


class Counter(Actor):
    """Ours."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    @handles(Message)
    def on_message(self, _: Message) -> int:
        self.count += 1
        return self.count


class ThreadCounter(pykka.ThreadingActor):
    """pykka's."""

    use_daemon_thread = True

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def on_receive(self, message: Message) -> int:  # noqa: ARG002
        self.count += 1
        return self.count


def run(seconds: float) -> dict[str, float]:
    """``tell_ratio_N`` and ``ask_ratio_1``, with the figures they are made of."""
    turn_s = seconds / (2 * TURNS * (len(ACTORS) + 1))
    figures: dict[str, float] = {}
    for count in ACTORS:
        ours, theirs = turn_about(partial(our_tells, count, turn_s), thread_tells, count, turn_s)
        figures |= {f"tells_per_s_{count}": ours, f"thread_tells_per_s_{count}": theirs}
        figures[f"tell_ratio_{count}"] = ours / theirs
    ours, theirs = turn_about(partial(our_asks, turn_s), thread_asks, 1, turn_s)
    figures |= {"asks_per_s_1": ours, "thread_asks_per_s_1": theirs, "ask_ratio_1": ours / theirs}
    figures["tells_per_s_5000_uvloop"] = on_uvloop(5_000, turn_s)
    return figures


Threads = list[pykka.ActorRef[ThreadCounter]]


def turn_about(
    ours: Callable[[], float], theirs: Callable[[Threads, float], float], count: int, turn_s: float
) -> tuple[float, float]:
    """Both rates, the median of turns taken one after the other; the threads wait while ours run."""
    threads = [ThreadCounter.start() for _ in range(count)]
    try:
        rates = [(ours(), theirs(threads, turn_s)) for _ in range(TURNS)]
    finally:
        for ref in threads:
            ref.stop(block=False)
        pykka.get_all([ref.stop(block=False) for ref in threads], timeout=START_TIMEOUT_S)
    return statistics.median(rate for rate, _ in rates), statistics.median(rate for _, rate in rates)


# Ours.


def our_tells(count: int, turn_s: float) -> float:
    return anyio.run(_planted, count, partial(_tell, turn_s=turn_s), backend="trio")


def our_asks(turn_s: float) -> float:
    return anyio.run(_planted, 1, partial(_ask, turn_s=turn_s), backend="trio")


def on_uvloop(count: int, turn_s: float) -> float:
    work = partial(_tell, turn_s=turn_s)
    rates = [
        anyio.run(_planted, count, work, backend="asyncio", backend_options={"use_uvloop": True}) for _ in range(TURNS)
    ]
    return statistics.median(rates)


async def _planted(count: int, measure: Callable[[ActorSystem, list[ActorRef]], Awaitable[float]]) -> float:
    async with ActorSystem("benchmark") as system:
        root = await system.start(ChildSpec("root", DynamicSupervisor))
        specs = [ChildSpec(f"counter-{number}", Counter) for number in range(count)]
        refs = await root.ask(StartChildren(specs), timeout_s=START_TIMEOUT_S)
        return await measure(system, refs)


async def _tell(system: ActorSystem, refs: list[ActorRef], *, turn_s: float) -> float:
    told = 0
    rounds = min(PER_ACTOR, max(1, PORTION // len(refs)))
    message = Message(1)
    began = time.perf_counter()
    while time.perf_counter() - began < turn_s:
        for _ in range(rounds):
            for ref in refs:
                ref.tell(message)
        told += rounds * len(refs)
        await system.caught_up(1)
    return told / (time.perf_counter() - began)


async def _ask(_: ActorSystem, refs: list[ActorRef], *, turn_s: float) -> float:
    asked = 0
    message = Message(1)
    began = time.perf_counter()
    while time.perf_counter() - began < turn_s:
        await refs[0].ask(message, timeout_s=ASK_TIMEOUT_S)
        asked += 1
    return asked / (time.perf_counter() - began)


# pykka's.


def thread_tells(threads: Threads, turn_s: float) -> float:
    """As many as were handled when the last of a turn's tells is through; told round the actors for the time given."""
    message = Message(1)
    told = 0
    began = time.perf_counter()
    while time.perf_counter() - began < turn_s:
        for ref in threads:
            ref.tell(message)
        told += len(threads)
    for ref in threads:
        ref.ask(message, timeout=START_TIMEOUT_S)
    return (told + len(threads)) / (time.perf_counter() - began)


def thread_asks(threads: Threads, turn_s: float) -> float:
    asked = 0
    message = Message(1)
    began = time.perf_counter()
    while time.perf_counter() - began < turn_s:
        threads[0].ask(message, timeout=ASK_TIMEOUT_S)
        asked += 1
    return asked / (time.perf_counter() - began)
