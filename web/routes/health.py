"""Health: whether this process lives, whether it can serve, and whether prices flow."""

from collections.abc import Awaitable, Mapping
from typing import Any, Literal

import anyio
import msgspec
from quart import Blueprint, Response

from engine.storage.errors import StorageError
from web.answers import DataKind, answer, data_kind
from web.openapi import document_response
from web.services import services

blueprint = Blueprint("health", __name__)

CHECK_S = 2.0


class Alive(msgspec.Struct, frozen=True):
    """The process lives; the warnings say which exchanges' known holidays run out."""

    status: Literal["ok"]
    data: DataKind
    warnings: tuple[str, ...]


class Readiness(msgspec.Struct, frozen=True):
    """Whether each thing that this process needs is there."""

    status: Literal["ready", "not_ready"]
    checks: Mapping[str, bool]
    data: DataKind


class Stream(msgspec.Struct, frozen=True):
    """The engine's last sign of life, and each feed's state in it."""

    status: Literal["ok", "degraded"]
    age_ms: int
    data: DataKind
    engine: str | None = None
    time: int | None = None
    feeds: Mapping[str, Any] = {}
    causes: Mapping[str, int] = {}
    packets: Mapping[str, Any] = {}


class NoStream(msgspec.Struct, frozen=True):
    """No engine runs."""

    status: Literal["down"]
    why: str
    data: DataKind


@blueprint.get("/health")
@document_response(Alive)
async def alive() -> Response:
    """The process lives; ``warnings`` says which exchanges' known holidays run out."""
    directory = services().directory
    warnings = directory.listing.warnings if directory.ready else ()
    return answer({"status": "ok", "data": data_kind(), "warnings": warnings})


@blueprint.get("/health/ready")
@document_response(Readiness)
@document_response(Readiness, 503)
async def ready() -> Response:
    """Everything this process needs is there; 503 when not, with what is missing."""
    rules = services()
    checks = {
        "redis": await _answers(rules.hot.ping()),
        "postgresql": await _answers(rules.durable.ping()),
        "instruments": rules.directory.ready,
        "prices": rules.hub.status.status != "degraded",
    }
    is_ready = all(checks.values())
    body = {"status": "ready" if is_ready else "not_ready", "checks": checks, "data": data_kind()}
    return answer(body, 200 if is_ready else 503)


@blueprint.get("/api/v1/health/market_stream")
@document_response(Stream)
@document_response(NoStream, 503)
async def market_stream() -> Response:
    """The engine's heartbeat: its id, its age, and each feed's state; 503 when there is no engine."""
    rules = services()
    beat = await rules.hot.heartbeat()
    if beat is None:
        body = {"status": "down", "why": "no engine has shown a sign of life for 60 s", "data": data_kind()}
        return answer(body, 503)
    age_ms = max(0, rules.system.clock.now_ns() // 1_000_000 - int(beat.get("time", 0)))
    feeds = beat.get("feeds", {})
    healthy = bool(feeds) and all(feed.get("status") in ("live", "closed") for feed in feeds.values())
    return answer({"status": "ok" if healthy else "degraded", "age_ms": age_ms, "data": data_kind(), **beat})


async def _answers(question: Awaitable[object]) -> bool:
    try:
        with anyio.fail_after(CHECK_S):
            await question
    except (StorageError, TimeoutError):
        return False
    return True
