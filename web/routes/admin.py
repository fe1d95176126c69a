"""The operator's view of every process, and the operator's hand, through the hot store."""

from collections.abc import Sequence
from typing import Any

import msgspec
from quart import Blueprint, Response

from actors.job_arguments import JobError, instruments_of, stretch_of
from engine.storage.durable import AuditEntry
from web.answers import answer, data_kind, items
from web.errors import ApiError
from web.models.admin import (
    AuditQuery,
    Begun,
    Commanded,
    DayBody,
    Feeds,
    OfEachProcess,
    StretchBody,
    Subtree,
    Trees,
    Volume,
    VolumeQuery,
)
from web.openapi import Page, document_errors, document_response, validate_querystring, validate_request
from web.page_tokens import decode_page, encode_page
from web.routes.commands import ENGINE, ask, audit
from web.routes.guards import require_admin
from web.routes.market_data import resolve
from web.services import services

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
blueprint.before_request(require_admin)

SYMBOLS = 1_000
NAMED = 20


@blueprint.get("/tree")
@document_response(Trees)
async def tree() -> Response:
    """The trees of all processes, summed up."""
    return answer({"processes": await services().hot.trees(), "data": data_kind()})


@blueprint.get("/tree/<process>", defaults={"path": ""})
@blueprint.get("/tree/<process>/<path:path>")
@document_response(Subtree)
@document_errors(409, 504)
async def subtree(process: str, path: str) -> Response:
    """One process's tree from a path on, whole."""
    found = await ask(process, "tree", path=f"/{path}")
    return answer(Subtree(process, services().system.clock.now_ns() // 1_000_000, found))


@blueprint.post("/actors/<process>/<path:path>/<any(restart, pause, resume, stop):action>")
@document_response(Commanded)
@document_errors(409, 504)
async def act(process: str, path: str, action: str) -> Response:
    """Restarts, pauses, resumes or stops an actor."""
    await audit(action, f"{process}/{path}")
    result = await ask(process, action, path=f"/{path}")
    return answer({"process": process, "action": action, "path": result})


@blueprint.get("/dead_letters")
@document_response(OfEachProcess)
async def dead_letters() -> Response:
    """Of each process: how many messages found nobody, and the last hundred of them."""
    return await _of_each("dead_letters", list(await services().hot.trees()))


@blueprint.get("/clients")
@document_response(OfEachProcess)
async def clients() -> Response:
    """Of each web process: its slowest clients, and of each what became of its updates."""
    return await _of_each("clients", [name for name in await services().hot.trees() if name != ENGINE])


@blueprint.get("/audit")
@validate_querystring(AuditQuery)
@document_response(Page[AuditEntry])
async def audit_log(query_args: AuditQuery) -> Response:
    """Who signed in and who commanded what, the newest first."""
    after = decode_page("audit", query_args.page_token, (int,))
    before = None if after is None else int(after[0])
    entries = await services().durable.audit_log(query_args.limit + 1, before)
    shown = entries[: query_args.limit]
    return items(shown, encode_page("audit", (shown[-1].id,) if len(entries) > len(shown) else None))


@blueprint.post("/backfill")
@validate_request(StretchBody)
@document_response(Begun, 202)
@document_errors(404, 409, 504)
async def backfill(data: StretchBody) -> Response:
    """Reads a stretch of history again."""
    return await _begin("backfill", data)


@blueprint.post("/scan")
@validate_request(StretchBody)
@document_response(Begun, 202)
@document_errors(404, 409, 504)
async def scan(data: StretchBody) -> Response:
    """Finds and heals what is missing of a stretch."""
    return await _begin("scan", data)


@blueprint.post("/end_of_day")
@validate_request(DayBody)
@document_response(Begun, 202)
@document_errors(409, 504)
async def end_of_day(data: DayBody) -> Response:
    """Works through a day again: the exchange's own bars, its report, and the statistics."""
    wish = msgspec.structs.asdict(data)
    await audit("end_of_day", f"{data.exchange} {data.date}")
    return answer({"job": await ask(ENGINE, "end_of_day", **wish)}, 202)


async def _begin(kind: str, wish: StretchBody) -> Response:
    """Begins a job on a stretch of time; answers with it, as ``/jobs/{id}`` shows it."""
    try:
        stretch = stretch_of(msgspec.structs.asdict(wish), services().system.clock.now_ns())
        written = instruments_of(wish.symbols)
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
@validate_querystring(VolumeQuery)
@document_response(Page[Volume])
@document_errors(404)
async def volume(query_args: VolumeQuery) -> Response:
    """Of each instrument the session's total, and what of all totals entered no candle or was taken back."""
    written = [symbol for symbol in query_args.symbols.split(",") if symbol.strip()]
    if not 0 < len(written) <= SYMBOLS:
        raise ApiError(400, f"ask for 1 to {SYMBOLS} symbols, was {len(written)}")
    rules = services()
    quotes = await rules.hot.quotes([resolve(rules, symbol.strip()) for symbol in written])
    told = ("volume", "unattributed", "corrections", "ts_event", "provider")
    return items([Volume(name, *(quote.get(key) for key in told)) for name, quote in quotes.items()])


@blueprint.get("/feeds")
@document_response(Feeds)
async def feeds() -> Response:
    """Each feed's connections as the engine last told them, why, and how many instruments there are of each cause."""
    beat = await services().hot.heartbeat()
    if beat is None:
        raise ApiError(503, "no engine has shown a sign of life for 60 s", retry_after_s=5)
    told = {name: beat.get(name, {}) for name in ("feeds", "causes", "packets", "carried", "measures")}
    return answer({"engine": beat.get("engine"), "time": beat.get("time"), "moves": beat.get("moves", []), **told})


async def _of_each(command: str, processes: Sequence[str]) -> Response:
    """The answers of some processes side by side; one that does not answer keeps nobody from the others."""
    found: dict[str, Any] = {}
    for process in processes:
        try:
            found[process] = await ask(process, command)
        except ApiError as error:
            found[process] = {"error": error.detail}
    return answer({"processes": found})
