"""Commands: how a route asks another process for something, and who asked is noted before it happens."""

from typing import Any

import structlog

from engine.storage.errors import StorageError, StorageUnavailableError
from web.errors import ApiError
from web.services import services

log = structlog.get_logger("ticktree.commands")

ENGINE = "engine"
REPLY_S = 5.0


async def audit(action: str, target: str) -> None:
    """Notes what an operator commands; a database that is away must not keep the operator from acting."""
    log.info("actor_commanded", action=action, target=target)
    try:
        await services().durable.audit("admin", action, target)
    except StorageError as error:
        log.warning("command_not_noted", action=action, target=target, error=str(error))


async def ask(process: str, command: str, **arguments: Any) -> Any:
    """A process's answer to a command, or an error that says whose fault it is."""
    hot = services().hot
    if process not in await hot.trees():
        raise ApiError(404, f"no process {process!r} has shown itself in the last 5 s")
    try:
        reply = await hot.send_command(process, {"command": command, **arguments}, REPLY_S)
    except StorageUnavailableError as error:
        raise ApiError(504, f"{process} did not answer within {REPLY_S:g} s") from error
    if not reply.get("ok"):
        why = str(reply.get("error"))
        raise ApiError(404 if why.startswith("UnknownPathError") else 409, why)
    return reply.get("result")
