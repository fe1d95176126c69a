"""What processes tell each other: summaries of their actor trees, commands, and replies."""

import secrets
from collections.abc import Mapping
from typing import Any

import anyio

from engine.storage.errors import HotStoreUnavailableError
from engine.storage.hot import keys
from engine.storage.hot.events import read_stream
from engine.storage.hot.link import RedisLink, Script
from engine.storage.packing import pack_map, unpack_map

_SEND = Script("send_command")
_FIRST_LOOK_S = 0.005
_LONGEST_LOOK_S = 0.05


class Control:
    """The processes of one installation, as they see each other. Process names are like ``engine`` or ``web-1``."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def publish_tree(self, process: str, summary: Mapping[str, Any]) -> None:
        """Shows a process's tree for the next 5 s."""
        commands = [
            ("SET", f"tree:{process}", pack_map(summary), "EX", keys.TREE_EXPIRY_S),
            ("SADD", keys.PROCESSES, process),
        ]
        await self._link.many(commands, together=True)

    async def trees(self) -> dict[str, dict[str, Any]]:
        """The trees of all processes that showed one in the last 5 s; forgets the others."""
        members: set[bytes] = set(await self._link.call("SMEMBERS", keys.PROCESSES))
        names = sorted(member.decode() for member in members)
        if not names:
            return {}
        found: list[bytes | None] = await self._link.call("MGET", *(f"tree:{name}" for name in names))
        trees = {name: unpack_map(packed) for name, packed in zip(names, found, strict=True) if packed is not None}
        gone = [name for name in names if name not in trees]
        if gone:
            await self._link.call("SREM", keys.PROCESSES, *gone)
        return trees

    async def send_command(self, process: str, command: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        """Asks a process and waits for its reply; ``HotStoreUnavailableError`` when none comes in time.

        The command travels with an ``id``; the process answers with ``reply(command["id"], …)``.
        """
        identity = secrets.token_hex(8)
        packed = pack_map({**command, "id": identity})
        names = [f"control:{process}", f"reply:{identity}:sent"]
        try:
            with anyio.fail_after(timeout_s):
                await self._link.run(_SEND, names, [packed, keys.COMMANDS_LENGTH, keys.REPLY_EXPIRY_S])
                return await self._wait_for_reply(identity)
        except TimeoutError as error:
            raise HotStoreUnavailableError(f"Process {process} did not reply within {timeout_s:g} s.") from error

    async def commands_position(self, process: str) -> str:
        """The id of the newest command to a process: where a process that starts begins to read."""
        newest: list[Any] = await self._link.call("XREVRANGE", f"control:{process}", "+", "-", "COUNT", 1)
        return newest[0][0].decode() if newest else "0-0"

    async def read_commands(self, process: str, after_id: str, block_ms: int = 0) -> list[tuple[str, dict[str, Any]]]:
        """The commands after an id, each with its own. Waits up to ``block_ms`` for the first."""
        entries = await read_stream(self._link, f"control:{process}", after_id, 100, block_ms)
        return [(identity, unpack_map(packed)) for identity, packed in entries]

    async def reply(self, identity: str, payload: Mapping[str, Any]) -> None:
        """Answers the command of that id."""
        name = f"reply:{identity}"
        commands = [("DEL", name), ("RPUSH", name, pack_map(payload)), ("EXPIRE", name, keys.REPLY_EXPIRY_S)]
        await self._link.many(commands, together=True)

    async def _wait_for_reply(self, identity: str) -> dict[str, Any]:
        # Looks instead of popping: a pop whose answer is lost would be repeated, and the reply be gone.
        patience = _FIRST_LOOK_S
        while (packed := await self._link.call("LINDEX", f"reply:{identity}", 0)) is None:
            await anyio.sleep(patience)
            patience = min(patience * 1.5, _LONGEST_LOOK_S)
        return unpack_map(packed)
