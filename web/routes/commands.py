"""Commands: how a route asks another process for something, and who asked is noted before it happens."""

from typing import Any

import structlog
from quart import request

from engine.storage.errors import StorageError, StorageUnavailableError
from web.errors import ApiError
from web.routes.guards import address, principal
from web.services import services

log = structlog.get_logger("ticktree.commands")

ENGINE = "engine"
REPLY_S = 5.0
TELL_S = 1.0


async def audit(action: str, target: str, *, outcome: str = "", actor: str | None = None) -> None:
    """Notes what somebody commands or changes; a database that is away must not keep an operator from acting."""
    who = actor or principal().subject
    log.info("commanded", actor=who, action=action, target=target, outcome=outcome)
    try:
        await services().durable.audit(who, action, target, address=address(request), outcome=outcome)
    except StorageError as error:
        log.warning("command_not_noted", action=action, target=target, error=str(error))


async def tell_engine(command: str) -> None:
    """Lets the engine know of something it would else find out with its next start; without it nothing is lost."""
    hot = services().hot
    try:
        if ENGINE in await hot.trees():
            await hot.send_command(ENGINE, {"command": command}, TELL_S)
    except StorageError as error:
        log.warning("engine_not_told", command=command, error=str(error))


async def ask(process: str, command: str, **arguments: Any) -> Any:
    """A process's answer to a command, or an error that says whose fault it is."""
    hot = services().hot
    if process not in await hot.trees():
        if process == ENGINE:
            raise ApiError(503, "no engine has shown itself in the last 5 s", retry_after_s=REPLY_S)
        raise ApiError(404, f"no process {process!r} has shown itself in the last 5 s")
    try:
        reply = await hot.send_command(process, {"command": command, **arguments}, REPLY_S)
    except StorageUnavailableError as error:
        raise ApiError(504, f"{process} did not answer within {REPLY_S:g} s") from error
    if not reply.get("ok"):
        raise ApiError(404 if reply.get("kind") == "UnknownPathError" else 409, str(reply.get("error")))
    return reply.get("result")
