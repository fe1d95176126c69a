"""The quarantine as operators see it: what was not believed, with its evidence, and their word on it."""

from datetime import UTC, datetime
from typing import Any, cast

from quart import Blueprint, Response, request

from engine.market.quarantine import Fate, Quarantined
from engine.storage.durable.quarantine import NEWEST
from engine.storage.errors import StorageUnavailableError
from web.answers import answer, data_kind, items
from web.errors import ApiError
from web.routes.commands import ENGINE, ask, audit
from web.routes.guards import principal, require_admin
from web.routes.market_data import resolve
from web.services import services

blueprint = Blueprint("quarantine", __name__, url_prefix="/api/v1/quarantine")
blueprint.before_request(require_admin)

MOST_ENTRIES = 1_000
FATES = {"release": Fate.RELEASED, "discard": Fate.DISCARDED}


@blueprint.get("/")
async def entries() -> Response:
    """``?status=held|released|discarded&symbol=&limit=100&page_token=``: newest first."""
    symbol = request.args.get("symbol")
    instrument = resolve(services(), symbol) if symbol else None
    limit, before_id = _number("limit", 100, MOST_ENTRIES), _number("page_token", NEWEST, NEWEST)
    try:
        found = await services().durable.quarantined(
            status=_status(), instrument=instrument, limit=limit, before_id=before_id
        )
    except StorageUnavailableError as error:
        raise ApiError(503, "the quarantine can not be read now", retry_after_s=5) from error
    token = str(found[-1].id) if len(found) == limit else None
    return items([_row(entry) for entry in found], token, data=data_kind())


@blueprint.post("/<int:identity>/<word>")
async def decide(identity: int, word: str) -> Response:
    """``…/{id}/release`` takes a price into its candles, ``…/{id}/discard`` out of them; a repeat changes nothing."""
    if word not in FATES:
        raise ApiError(404, f"the last part is one of {', '.join(FATES)}")
    await audit(word, f"quarantine/{identity}")
    told = await ask(ENGINE, "decide", entry=identity, status=FATES[word].value, by=principal().subject)
    if "error" in told:
        raise ApiError(int(told["code"]), str(told["error"]))
    return answer(_shown(cast("dict[str, Any]", told)))


def _status() -> Fate | None:
    text = request.args.get("status", "")
    if text and text not in list(Fate):
        raise ApiError(400, f"status is one of {', '.join(Fate)}, was {text[:20]!r}")
    return Fate(text) if text else None


def _number(name: str, default: int, most: int) -> int:
    text = request.args.get(name) or str(default)
    if not text.isdecimal() or len(text) > 19 or not 1 <= int(text) <= most:
        raise ApiError(400, f"{name} is a number from 1 to {most}, was {text[:20]!r}")
    return int(text)


def _row(entry: Quarantined) -> dict[str, Any]:
    fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
    return _shown(fields)


def _shown(entry: dict[str, Any]) -> dict[str, Any]:
    """Times as the other answers write them."""
    times = {"timestamp": "ts_ns", "decided_at": "decided_ns", "noted_at": "noted_ns"}
    shown = {name: value for name, value in entry.items() if name not in times.values()}
    return shown | {name: _moment(entry[field]) for name, field in times.items()}


def _moment(time_ns: int) -> str | None:
    if not time_ns:
        return None
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
