"""One actor among witnesses: what it tells others is kept, and time is virtual."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from engine.market import Calendar, Candle, CandleState, Tick
from engine.runtime import Actor, ActorSystem, ChildSpec, LoopClock, Supervisor

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
NOON = 1_795_069_800 * SECOND_NS
"""2026-11-19 12:00 in India."""
NAME = "NSE:A"
CALENDAR = Calendar.continuous("Asia/Kolkata", "NSE")


class Witness(Actor):
    """Keeps what it is told, and answers every question with the same."""

    def __init__(self, seen: list[Any], answer: Any = None) -> None:
        super().__init__()
        self.seen = seen
        self.answer = answer

    def on_receive(self, message: Any) -> Any:
        self.seen.append(message)
        return self.answer


@asynccontextmanager
async def among_witnesses(
    make: Callable[[ActorSystem], Actor], *names: str, answer: Any = None, start_ns: int = NOON
) -> AsyncGenerator[tuple[ActorSystem, dict[str, list[Any]]]]:
    """The actor is at ``/engine/subject``; each witness keeps a list of its own."""
    seen: dict[str, list[Any]] = {name: [] for name in names}
    async with ActorSystem("engine", clock=LoopClock(start_ns)) as system:
        specs = [ChildSpec(name, partial(Witness, seen[name], answer)) for name in names]
        specs.append(ChildSpec("subject", partial(make, system)))
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        yield system, seen


def tick(at_ns: int, price: float, volume: int | None, *, recv_ns: int | None = None) -> Tick:
    return Tick(NAME, price, int(volume is not None), volume, at_ns, at_ns if recv_ns is None else recv_ns, "test")


def candle(time_ns: int, close: float, volume: int, *, revision: int = 0, timeframe: str = "1m") -> Candle:
    state = CandleState.REVISED if revision else CandleState.FINAL
    return Candle(
        NAME, timeframe, time_ns, close, close, close, close, volume, state=state, revision=revision, source="test"
    )
