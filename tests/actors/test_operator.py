"""The operator's hand: every command is answered, and none of them hurts who answers."""

from collections.abc import AsyncGenerator, Mapping
from functools import partial
from typing import Any

import pytest

from actors.job_arguments import JobError
from actors.operator import Operator
from engine.runtime import ActorSystem, ChildSpec, Supervisor
from engine.storage.errors import HotStoreUnavailableError
from engine.storage.hot import HotStore

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def double(arguments: Mapping[str, Any]) -> int:
    return arguments["number"] * 2 + 0


async def refuse(_: Mapping[str, Any]) -> int:
    raise JobError("there is no list prices.csv")


@pytest.fixture
async def hot(redis_url: str) -> AsyncGenerator[HotStore]:
    store = await HotStore.connect(redis_url)
    yield store
    await store.close()


@pytest.fixture
async def system(hot: HotStore) -> AsyncGenerator[ActorSystem]:
    operator = ChildSpec("operator", partial(Operator, "one", hot, wishes={"double": double, "refuse": refuse}))
    async with ActorSystem("one") as running:
        await running.start(ChildSpec("one", partial(Supervisor, [operator])))
        while True:
            try:
                await hot.send_command("one", {"command": "tree"}, 0.2)
            except HotStoreUnavailableError:
                continue
            break
        yield running


async def test_dead_letters_are_told_with_where_when_and_why(system: ActorSystem, hot: HotStore) -> None:
    system.ref("/one/nobody").tell("hello")
    told = (await hot.send_command("one", {"command": "dead_letters"}, 5))["result"]
    (letter,) = told["sample"]
    assert (told["count"], letter["path"], letter["message"]) == (1, "/one/nobody", "'hello'")
    assert letter["reason"]
    assert 0 <= system.clock.now_ns() // 1_000_000 - letter["time"] < 10_000


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ({"command": "double", "number": 2}, None),
        ({"command": "double", "number": "two"}, "TypeError"),
        ({"command": "double"}, "KeyError"),
        ({"command": "explode"}, "UnknownCommandError"),
        ({"command": "restart", "path": "/one/nobody"}, "UnknownPathError"),
        ({"command": "restart"}, "KeyError"),
    ],
)
async def test_every_command_is_answered(
    system: ActorSystem, hot: HotStore, command: dict[str, Any], error: str | None
) -> None:
    reply = await hot.send_command("one", command, 5)
    assert reply == {"ok": True, "result": 4} if error is None else reply["kind"] == error
    assert system.snapshot("/one/operator").restarts == 0


async def test_a_refusal_is_told_in_its_own_words(system: ActorSystem, hot: HotStore) -> None:
    """Who reads them may be somebody at the other end of the REST interface."""
    refused = await hot.send_command("one", {"command": "refuse"}, 5)
    assert (refused["kind"], refused["error"]) == ("JobError", "there is no list prices.csv")
    broken = await hot.send_command("one", {"command": "double"}, 5)
    assert broken["error"] == "KeyError: 'number'"


async def test_the_tree_is_shown_and_said_to_whoever_asks(system: ActorSystem, hot: HotStore) -> None:
    reply = await hot.send_command("one", {"command": "tree", "path": "/one/operator"}, 5)
    assert (reply["result"]["path"], reply["result"]["kind"]) == ("/one/operator", "Operator")
    while "one" not in (shown := await hot.trees()):
        pass
    assert [child["path"] for child in shown["one"]["tree"]["children"]] == ["/one/operator"]
