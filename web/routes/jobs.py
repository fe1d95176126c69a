"""The jobs: long work of the engine, how far it is, and the operator's hand on it."""

import msgspec
from quart import Blueprint, Response

from engine.storage.durable import Job
from web.answers import answer, items
from web.errors import ApiError
from web.openapi import Page, document_errors, document_response
from web.revalidation import revalidate
from web.routes.commands import ENGINE, ask, audit
from web.routes.guards import require_admin
from web.services import services

blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")
blueprint.before_request(require_admin)
revalidate(blueprint)


class OneJob(msgspec.Struct, frozen=True):
    """A job, as it stands."""

    job: Job


@blueprint.get("/")
@document_response(Page[Job])
async def jobs() -> Response:
    """The newest hundred, the newest first, with ``progress`` from 0 to 1 and what the last step came to.

    Of more than ten ``instruments`` the first ten are named, and ``others`` counts the rest; one job by its id names all.
    """
    return items(await services().durable.jobs())


@blueprint.get("/<identity>")
@document_response(OneJob)
async def job(identity: str) -> Response:
    """One of them."""
    return answer(OneJob(await _found(identity)))


@blueprint.post("/<identity>/<any(pause, resume, cancel, retry):action>")
@document_response(OneJob)
@document_errors(409, 504)
async def change(identity: str, action: str) -> Response:
    """Pauses, resumes, cancels or tries it again; a step that is under way is finished first."""
    await _found(identity)
    await audit(action, f"job {identity}")
    return answer({"job": await ask(ENGINE, "job", job=identity, action=action)})


async def _found(identity: str) -> Job:
    """PostgreSQL refuses a zero character in a text, which would be our error and not the asker's."""
    found = await services().durable.job(identity) if identity.isprintable() else None
    if found is None:
        raise ApiError(404, f"there is no job {identity[:100]!r}")
    return found
