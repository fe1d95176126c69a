"""Corporate actions: splits, bonuses and dividends that views are adjusted for; administrators enter and take back."""

from datetime import date
from io import StringIO
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta
from quart import Blueprint, Response

from engine.market.corporate_action import ActionKind, CorporateAction
from engine.seeding import read_actions
from engine.storage.durable.corporate_actions import ActionEntry, CorporateActions
from web.answers import answer, items
from web.errors import ApiError
from web.openapi import Body, Page, Query, document_errors, document_response, validate_querystring, validate_request
from web.page_tokens import decode_page, encode_page
from web.revalidation import revalidate
from web.routes.admin import Begun
from web.routes.commands import ENGINE, ask, audit
from web.routes.guards import require_keeper
from web.routes.keeping import ONE, found, legible, wrong
from web.routes.market_data import resolve
from web.services import services

blueprint = Blueprint("corporate_actions", __name__, url_prefix="/api/v1/corporate_actions")
blueprint.before_request(require_keeper)
revalidate(blueprint)

_FIRST: Final = date(1900, 1, 1)
_LAST: Final = date(2200, 1, 1)
_MOST_BAD: Final = 100
"""Lines of a file that are named when they say no action."""

Ratio = Annotated[
    float,
    Meta(gt=0, le=100_000, description="Shares afterwards for each before: 5 for a split 1:5, 2 for a bonus of 1:1."),
]
Amount = Annotated[
    float, Meta(gt=0, le=1e9, description="For each share held the day before; of two on one day, their sum.")
]


class ActionsQuery(Query, frozen=True, kw_only=True):
    """Which actions: of all symbols when none is named."""

    symbol: Annotated[str, Meta(max_length=100)] = ""
    start: date = _FIRST
    """The first ex-date."""
    end: date = _LAST
    """The last one; it may lie ahead, where an action is announced."""
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100
    page_token: str = ""


class ActionBody(Body, frozen=True, kw_only=True):
    """An action as it is entered: a split and a bonus with a ratio, a dividend with an amount."""

    symbol: Annotated[str, Meta(min_length=1, max_length=100)]
    ex_date: date
    kind: Literal["split", "bonus", "dividend"]
    ratio: Ratio | None = None
    amount: Amount | None = None

    def action(self, instrument: str) -> CorporateAction:
        """What it says of that instrument."""
        is_dividend = self.kind == "dividend"
        if (self.amount is not None) != is_dividend:
            raise wrong("amount", "a dividend has one, a split and a bonus have none")
        if (self.ratio is None) != is_dividend:
            raise wrong("ratio", "a split and a bonus have one, a dividend has none")
        if not _FIRST <= self.ex_date <= _LAST:
            raise wrong("ex_date", f"lies outside {_FIRST} to {_LAST}")
        return CorporateAction(
            instrument=instrument,
            ex_date=self.ex_date,
            kind=ActionKind(self.kind),
            ratio=self.ratio,
            amount=self.amount,
            source="admin",
        )


class FileBody(Body, frozen=True, kw_only=True):
    """A CSV file, as `ticktree actions` takes it."""

    text: Annotated[
        str, Meta(description="Its lines, the first `symbol,ex_date,kind,ratio,amount`; symbols with exchange.")
    ]


class TakenUp(msgspec.Struct, frozen=True):
    """What became of a file."""

    actions: int
    """Those that it says."""
    saved: int
    """Those of them that are new or changed."""
    unknown: list[str]
    """Instruments that are in no table: their actions were left out."""


class ReadBody(Body, frozen=True, kw_only=True):
    """Of which shares; of all that a provider tells actions of, when none is named."""

    symbols: Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=1_000)] | None = None


@blueprint.get("/")
@validate_querystring(ActionsQuery)
@document_response(Page[ActionEntry])
@document_errors(404)
async def corporate_actions(query_args: ActionsQuery) -> Response:
    """The actions, by ex-date, the newest first: also what is announced."""
    legible(query_args)
    rules, limit = services(), query_args.limit
    instrument = resolve(rules, query_args.symbol) if query_args.symbol else None
    after = _after(query_args.page_token)
    rows = await _table().page(limit + 1, query_args.start, query_args.end, instrument, after)
    last = rows[limit - 1] if len(rows) > limit else None
    return items(rows[:limit], encode_page("corporate_actions", last and (last.ex_date.isoformat(), last.id)))


@blueprint.post("/")
@validate_request(ActionBody)
@document_response(ActionEntry, 201)
@document_errors(404)
async def enter(data: ActionBody) -> Response:
    """Enters one, over what was said of its day and kind before: what people enter goes before what providers say."""
    legible(data)
    action = data.action(resolve(services(), data.symbol))
    if not await _table().save([action]) and not await _of(action):
        raise ApiError(404, f"{action.instrument} is in no table yet: try again in a minute", code="unknown_symbol")
    await audit("corporate_action_entered", f"{action.instrument} {action.kind} {action.ex_date}", outcome="done")
    return answer((await _of(action))[0], 201)


@blueprint.post("/file")
@validate_request(FileBody)
@document_response(TakenUp)
async def take_up(data: FileBody) -> Response:
    """Takes up a file as if each of its lines was entered: all of them, or nothing where one says no action."""
    actions, bad = read_actions(StringIO(data.text.removeprefix("\ufeff"), newline=""))
    if bad:
        told = [f"line {line.number}: {line.reason}" for line in bad[:_MOST_BAD]]
        raise ApiError(400, f"{len(bad)} lines say no action; nothing was taken up", errors=told)
    names = {action.instrument for action in actions}
    known = await services().durable.named_instruments(names)
    saved = await _table().save(actions)
    await audit("corporate_actions_taken_up", f"{len(actions)} of a file, {saved} new or changed", outcome="done")
    return answer(TakenUp(len(actions), saved, sorted(names - known.keys())))


@blueprint.post("/read")
@validate_request(ReadBody)
@document_response(Begun, 202)
@document_errors(404, 409, 504)
async def read(data: ReadBody) -> Response:
    """Begins a job that reads them of a provider that tells them, which is Yahoo; what people entered stays as it is."""
    instruments = sorted({resolve(services(), symbol) for symbol in data.symbols or ()})
    await audit("corporate_actions_read", ", ".join(instruments)[:500] or "all")
    return answer({"job": await ask(ENGINE, "corporate_actions", instruments=instruments)}, 202)


@blueprint.get(ONE)
@document_response(ActionEntry)
async def corporate_action(identity: int) -> Response:
    """One of them."""
    return answer(await found("corporate action", _table().one(identity)))


@blueprint.delete(ONE)
@document_response(ActionEntry)
async def take_back(identity: int) -> Response:
    """Takes one back: it stays so, whatever a provider says, until somebody enters it again."""
    entry = await found("corporate action", _table().one(identity))
    await _table().retire(identity)
    await audit("corporate_action_taken_back", f"{entry.instrument} {entry.kind} {entry.ex_date}", outcome="done")
    return answer(msgspec.structs.replace(entry, is_active=False))


async def _of(action: CorporateAction) -> list[ActionEntry]:
    rows = await _table().page(3, action.ex_date, action.ex_date, action.instrument)
    return [row for row in rows if row.kind == action.kind]


def _after(page_token: str) -> tuple[date, int] | None:
    key = decode_page("corporate_actions", page_token, (str, int))
    if key is None:
        return None
    try:
        return date.fromisoformat(str(key[0])), int(key[1])
    except ValueError as error:
        raise ApiError(400, "page_token is none of this list's") from error


def _table() -> CorporateActions:
    return services().durable.corporate_actions
