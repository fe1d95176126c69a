"""The operator's view of every process, and the operator's hand, through the hot store."""

from typing import Any

import structlog
from quart import Blueprint, Response

from engine.storage.errors import StorageError, StorageUnavailableError
from web.answers import answer, data_kind
from web.errors import ApiError
from web.routes.guards import require_admin
from web.services import services

log = structlog.get_logger("ticktree.admin")

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
blueprint.before_request(require_admin)

ACTIONS = ("restart", "pause", "resume", "stop")
REPLY_S = 5.0


@blueprint.get("/tree")
async def tree() -> Response:
    """The trees of all processes, summed up."""
    return answer({"processes": await services().hot.trees(), "data": data_kind()})


@blueprint.get("/tree/<process>", defaults={"path": ""})
@blueprint.get("/tree/<process>/<path:path>")
async def subtree(process: str, path: str) -> Response:
    """One process's tree from a path on, whole."""
    return answer({"process": process, "tree": await _ask(process, "tree", path=f"/{path}")})


@blueprint.post("/actors/<process>/<path:target>")
async def act(process: str, target: str) -> Response:
    """``…/{path}/{action}``: restarts, pauses, resumes or stops an actor."""
    path, _, action = target.rpartition("/")
    if action not in ACTIONS or not path:
        raise ApiError(404, f"the last part is an action: one of {', '.join(ACTIONS)}")
    await _audit(action, f"{process}/{path}")
    result = await _ask(process, action, path=f"/{path}")
    return answer({"process": process, "action": action, "path": result})


@blueprint.get("/dead_letters")
async def dead_letters() -> Response:
    """Of each process: how many messages found nobody, and the last hundred of them."""
    found: dict[str, Any] = {}
    for process in await services().hot.trees():
        try:
            found[process] = await _ask(process, "dead_letters")
        except ApiError as error:
            found[process] = {"error": error.detail}
    return answer({"processes": found})


@blueprint.get("/feeds")
async def feeds() -> Response:
    """Each feed's connections as the engine last told them."""
    beat = await services().hot.heartbeat()
    if beat is None:
        raise ApiError(503, "no engine has shown a sign of life for 60 s", retry_after_s=5)
    return answer({"engine": beat.get("engine"), "time": beat.get("time"), "feeds": beat.get("feeds", {})})


async def _audit(action: str, target: str) -> None:
    """Who commands is noted before it happens; a database that is away must not keep the operator from acting."""
    log.info("actor_commanded", action=action, target=target)
    try:
        await services().durable.audit("admin", action, target)
    except StorageError as error:
        log.warning("command_not_noted", action=action, target=target, error=str(error))


async def _ask(process: str, command: str, **arguments: str) -> Any:
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
