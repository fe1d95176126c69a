"""Turns by chance: everybody gets his turn, and what one tells another comes in the order of telling."""

from functools import partial
from typing import Any

import trio

from engine.runtime import Actor, ActorRef, ActorSystem, ChildSpec, ShuffledTurns, Supervisor


class Keeper(Actor):
    """Keeps what it hears in a list that all share."""

    def __init__(self, heard: list[tuple[str, int]]) -> None:
        super().__init__()
        self._heard = heard

    def on_receive(self, message: Any) -> None:
        self._heard.append(message)


async def heard(seed: int | None) -> list[tuple[str, int]]:
    """What twenty actors hear of one who tells each of them thirty things."""
    told: list[tuple[str, int]] = []
    turns = None if seed is None else ShuffledTurns(seed)
    async with ActorSystem("test", turns=turns) as system:
        names = [f"keeper-{number}" for number in range(20)]
        specs = [ChildSpec(name, partial(Keeper, told)) for name in names]
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        refs: list[ActorRef] = [system.ref(f"/engine/{name}") for name in names]
        for number in range(30):
            for name, ref in zip(names, refs, strict=True):
                ref.tell((name, number))
        with trio.fail_after(5):
            while len(told) < 600:
                await trio.sleep(0.001)
    return told


async def test_each_actor_hears_everything_in_the_order_of_telling() -> None:
    told = await heard(seed=1)
    assert len(told) == 600
    for name in {name for name, _ in told}:
        assert [number for who, number in told if who == name] == list(range(30))


async def test_another_seed_is_another_order_and_none_is_the_order_of_arrival() -> None:
    first, second, plain = await heard(1), await heard(2), await heard(None)
    assert first != second
    assert [name for name, number in plain if number == 0] == [f"keeper-{number}" for number in range(20)]
