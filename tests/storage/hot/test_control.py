"""Trees, commands and replies between processes."""

import anyio
import pytest

from engine.storage.errors import HotStoreUnavailableError
from engine.storage.hot import HotStore

pytestmark = pytest.mark.anyio


async def test_the_trees_of_living_processes_are_shown(hot: HotStore) -> None:
    assert await hot.trees() == {}
    await hot.publish_tree("engine", {"/engine": {"children": 3}})
    await hot.publish_tree("web-1", {"/web": {"children": 2}})
    assert await hot.trees() == {"engine": {"/engine": {"children": 3}}, "web-1": {"/web": {"children": 2}}}

    await hot._link.call("DEL", "tree:web-1")  # as after 5 s of silence

    assert (await hot.trees()).keys() == {"engine"}
    assert await hot._link.call("SMEMBERS", "processes") == {b"engine"}


async def test_a_command_is_answered(hot: HotStore) -> None:
    position = await hot.commands_position("engine")

    async def answer() -> None:
        [(_, command)] = await hot.read_commands("engine", position, block_ms=2000)
        assert command["action"] == "restart"
        await hot.reply(command["id"], {"done": command["path"]})
        await hot.reply(command["id"], {"done": command["path"]})

    async with anyio.create_task_group() as group:
        group.start_soon(answer)
        reply = await hot.send_command("engine", {"action": "restart", "path": "/engine/feeds"}, timeout_s=5)

    assert reply == {"done": "/engine/feeds"}
    assert await hot.commands_position("engine") != position
    assert await hot.read_commands("engine", await hot.commands_position("engine")) == []


async def test_a_process_that_does_not_reply_is_reported_in_time(hot: HotStore) -> None:
    with pytest.raises(HotStoreUnavailableError, match=r"Process web-9 did not reply within 0\.05 s"):
        await hot.send_command("web-9", {"action": "inspect"}, timeout_s=0.05)
    assert 0 < await hot._link.call("TTL", "control:web-9") <= 3600, "what it never read goes with it"
