"""The operator's view of every process, and the operator's hand, through the hot store."""

from collections.abc import Sequence
from typing import Any

from quart import Blueprint, Response, request

from actors.job_arguments import JobError, instruments_of, stretch_of
from web.answers import answer, data_kind, items, json_body
from web.errors import ApiError
from web.routes.commands import ENGINE, ask, audit
from web.routes.guards import require_admin
from web.routes.market_data import resolve
from web.services import services

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
blueprint.before_request(require_admin)

ACTIONS = ("restart", "pause", "resume", "stop")
SYMBOLS = 1_000
NAMED = 20


@blueprint.get("/tree")
async def tree() -> Response:
    """The trees of all processes, summed up."""
    return answer({"processes": await services().hot.trees(), "data": data_kind()})


@blueprint.get("/tree/<process>", defaults={"path": ""})
@blueprint.get("/tree/<process>/<path:path>")
async def subtree(process: str, path: str) -> Response:
    """One process's tree from a path on, whole."""
    return answer({"process": process, "tree": await ask(process, "tree", path=f"/{path}")})


@blueprint.post("/actors/<process>/<path:target>")
async def act(process: str, target: str) -> Response:
    """``…/{path}/{action}``: restarts, pauses, resumes or stops an actor."""
    path, _, action = target.rpartition("/")
    if action not in ACTIONS or not path:
        raise ApiError(404, f"the last part is an action: one of {', '.join(ACTIONS)}")
    await audit(action, f"{process}/{path}")
    result = await ask(process, action, path=f"/{path}")
    return answer({"process": process, "action": action, "path": result})


@blueprint.get("/dead_letters")
async def dead_letters() -> Response:
    """Of each process: how many messages found nobody, and the last hundred of them."""
    return await _of_each("dead_letters", list(await services().hot.trees()))


@blueprint.get("/clients")
async def clients() -> Response:
    """Of each web process: its slowest clients, and of each what became of its updates."""
    return await _of_each("clients", [name for name in await services().hot.trees() if name != ENGINE])


@blueprint.get("/audit")
async def audit_log() -> Response:
    """The last hundred commands of operators, newest first."""
    return items(await services().durable.audit_log())


@blueprint.post("/backfill")
async def backfill() -> Response:
    """``{"symbols": […], "start": …, "end": …}``: reads a stretch of history again; without symbols, of all instruments."""
    return await _begin("backfill")


@blueprint.post("/scan")
async def scan() -> Response:
    """The same for finding and healing what is missing of a stretch."""
    return await _begin("scan")


async def _begin(kind: str) -> Response:
    """Begins a job on a stretch of time; answers with it, as ``/jobs/{id}`` shows it."""
    body = await json_body()
    try:
        stretch = stretch_of(body, services().system.clock.now_ns())
        written = instruments_of(body.get("symbols"))
    except JobError as error:
        raise ApiError(400, str(error)) from error
    symbols = sorted({resolve(services(), symbol) for symbol in written})
    start, end = stretch.start.isoformat(), stretch.end.isoformat()
    await audit(kind, f"{_named(symbols)} {start} {end}")
    return answer({"job": await ask(ENGINE, kind, symbols=symbols, start=start, end=end)}, 202)


def _named(symbols: Sequence[str]) -> str:
    """For the audit log, which need not hold thousands."""
    others = f" and {len(symbols) - NAMED:,} others" if len(symbols) > NAMED else ""
    return f"{', '.join(symbols[:NAMED])}{others}" if symbols else "all"


@blueprint.get("/volume")
async def volume() -> Response:
    """``?symbols=…``: of each, the session's total, and what of all totals entered no candle or was taken back."""
    written = [symbol for symbol in request.args.get("symbols", "").split(",") if symbol.strip()]
    if not 0 < len(written) <= SYMBOLS:
        raise ApiError(400, f"ask for 1 to {SYMBOLS} symbols, was {len(written)}")
    rules = services()
    quotes = await rules.hot.quotes([resolve(rules, symbol.strip()) for symbol in written])
    told = ("volume", "unattributed", "corrections", "ts_event", "provider")
    return items([{"instrument": name} | {key: quote.get(key) for key in told} for name, quote in quotes.items()])


@blueprint.get("/feeds")
async def feeds() -> Response:
    """Each feed's connections as the engine last told them, why, and how many instruments there are of each cause."""
    beat = await services().hot.heartbeat()
    if beat is None:
        raise ApiError(503, "no engine has shown a sign of life for 60 s", retry_after_s=5)
    told = {name: beat.get(name, {}) for name in ("feeds", "causes", "packets")}
    return answer({"engine": beat.get("engine"), "time": beat.get("time"), **told})


async def _of_each(command: str, processes: Sequence[str]) -> Response:
    """The answers of some processes side by side; one that does not answer keeps nobody from the others."""
    found: dict[str, Any] = {}
    for process in processes:
        try:
            found[process] = await ask(process, command)
        except ApiError as error:
            found[process] = {"error": error.detail}
    return answer({"processes": found})
