"""The jobs: long work of the engine, how far it is, and the operator's hand on it."""

from quart import Blueprint, Response

from actors.jobs import shown
from engine.storage.durable import Job
from web.answers import answer, items
from web.errors import ApiError
from web.routes.commands import ENGINE, ask, audit
from web.routes.guards import require_admin
from web.services import services

blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")
blueprint.before_request(require_admin)

ACTIONS = ("pause", "resume", "cancel", "retry")


@blueprint.get("/")
async def jobs() -> Response:
    """The newest hundred, the newest first, with ``progress`` from 0 to 1 and what the last step came to."""
    return items([shown(job) for job in await services().durable.jobs()])


@blueprint.get("/<identity>")
async def job(identity: str) -> Response:
    """One of them."""
    return answer({"job": shown(await _found(identity))})


@blueprint.post("/<identity>/<action>")
async def change(identity: str, action: str) -> Response:
    """``pause``, ``resume``, ``cancel`` or ``retry``; a step that is under way is finished first."""
    if action not in ACTIONS:
        raise ApiError(404, f"the last part is an action: one of {', '.join(ACTIONS)}")
    await _found(identity)
    await audit(action, f"job {identity}")
    return answer({"job": await ask(ENGINE, "job", job=identity, action=action)})


async def _found(identity: str) -> Job:
    """PostgreSQL refuses a zero character in a text, which would be our error and not the asker's."""
    found = await services().durable.job(identity) if identity.isprintable() else None
    if found is None:
        raise ApiError(404, f"there is no job {identity[:100]!r}")
    return found
