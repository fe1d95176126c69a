"""The tree as values: whole on request, and summed up where thousands are alike."""

from functools import partial
from typing import Any

import trio

from actors.tree import MOST_CHILDREN, NOTABLE, describe, summarize
from engine.runtime import ActorSystem, ChildSpec, Supervisor
from tests.actors.parts import Witness


async def test_thousands_of_equal_actors_become_counts_and_the_worst_few(autojump_clock: Any) -> None:
    crowd = [ChildSpec(f"number{number}", partial(Witness, [])) for number in range(MOST_CHILDREN + 10)]
    specs = [ChildSpec("crowd", partial(Supervisor, crowd)), ChildSpec("alone", partial(Witness, []))]
    async with ActorSystem("engine") as system:
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        await system.pause("/engine/crowd/number33")
        await trio.sleep(1)
        whole, summary = describe(system.snapshot()), summarize(system.snapshot())
    assert len(whole["children"][0]["children"]) == len(crowd)
    shown = summary["children"][0]
    assert shown["count"] == len(crowd)
    assert shown["states"] == {"running": len(crowd) - 1, "paused": 1}
    assert len(shown["children"]) == NOTABLE
    assert shown["children"][0]["path"] == "/engine/crowd/number33"
    assert summary["children"][1] == whole["children"][1] | {"children": []}
