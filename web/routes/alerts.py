"""``/api/v1/alerts/``: a user's own rules, what they told, and where else it is sent."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta
from quart import Blueprint, Response

from config.settings.providers import PROVIDERS
from engine.credentials import NoKeyError
from engine.market.alert_rule import Condition, FeedCondition, TokenCondition
from engine.storage.durable.alerts import (
    AlertRules,
    CrowdedRulesError,
    Delivery,
    FiredAlert,
    OwnRule,
    RuleDraft,
    TooManyRulesError,
    TooManyWebhooksError,
    UnknownWebhookError,
    Webhook,
)
from engine.storage.durable.alerts.rules import TEST_GAP_S
from engine.webhooks import AddressError, check_url
from web.answers import answer, items
from web.errors import ApiError
from web.openapi import Body, Page, Query, document_errors, document_response, validate_querystring, validate_request
from web.page_tokens import decode_page, encode_page
from web.routes.commands import audit, tell_engine
from web.routes.guards import principal, require_user
from web.routes.keeping import wrong
from web.routes.market_data import resolve
from web.routes.texts import Line
from web.services import services

blueprint = Blueprint("alerts", __name__, url_prefix="/api/v1/alerts")
blueprint.before_request(require_user)

ONE: Final = "/<int:identity>"
CHANGED: Final = "alerts_changed"
NEWEST: Final = 2**62


class RuleBody(Body, frozen=True, kw_only=True):
    """A rule as it is to be; it begins anew with every change."""

    condition: Condition
    name: Line = ""
    once: bool = True
    """Whether it is switched off when it has been told."""
    cool_down_s: Annotated[int, Meta(ge=60, le=604_800)] = 300
    """It is not told again sooner than this; what still holds then is."""
    hysteresis_percent: Annotated[float, Meta(ge=0, le=50)] = 0.1
    """How far a price goes back from its level before it may be told again; percentage points of a change."""
    webhook: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    is_enabled: bool = True


class WebhookBody(Body, frozen=True, kw_only=True):
    """An address that alerts are sent to."""

    name: Annotated[Line, Meta(min_length=1)]
    url: Annotated[str, Meta(min_length=1, max_length=2_000)]


class NewWebhook(Webhook, frozen=True, kw_only=True):
    """A webhook that was just made."""

    secret: str
    """What signs its deliveries; it is shown this once."""

    def __repr__(self) -> str:
        return f"NewWebhook({self.id})"


class ToldAlert(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule told."""

    id: str
    rule: int
    name: str
    about: str
    """The kind of the rule's condition."""
    symbol: str
    message: str
    value: float | None
    is_test: bool
    at: int
    """In ms UTC."""


class ListQuery(Query, frozen=True, kw_only=True):
    """Which part of a list."""

    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    page_token: str = ""


@blueprint.get("/")
@document_response(Page[OwnRule])
async def rules() -> Response:
    """One's own rules, the oldest first."""
    return items(await _rules().of(principal().subject))


@blueprint.post("/")
@validate_request(RuleBody)
@document_response(OwnRule, 201)
@document_errors(404, 409)
async def add(data: RuleBody) -> Response:
    """A new rule. Those about tokens are for administrators."""
    try:
        made = await _rules().add(principal().subject, _draft(data))
    except TooManyRulesError as error:
        raise ApiError(409, "no more rules fit; delete one first", code="too_many_rules") from error
    except CrowdedRulesError as error:
        why = "all users together have as many rules as this installation judges; ask its administrator"
        raise ApiError(409, why, code="too_many_rules") from error
    except UnknownWebhookError as error:
        raise wrong("webhook", "none of yours") from error
    rule = _found(made)
    await _changed("alert_rule_added", rule.id)
    return answer(rule, 201)


@blueprint.get(ONE)
@document_response(OwnRule)
async def rule(identity: int) -> Response:
    """One of them."""
    return answer(_found(await _rules().one(principal().subject, _number(identity))))


@blueprint.put(ONE)
@validate_request(RuleBody)
@document_response(OwnRule)
@document_errors(404)
async def change(identity: int, data: RuleBody) -> Response:
    """Rewrites one as a whole."""
    try:
        row = _found(await _rules().change(principal().subject, _number(identity), _draft(data)))
    except UnknownWebhookError as error:
        raise wrong("webhook", "none of yours") from error
    await _changed("alert_rule_changed", identity)
    return answer(row)


@blueprint.delete(ONE)
@document_response(OwnRule)
async def delete(identity: int) -> Response:
    """Takes one away; what it told stays."""
    row = _found(await _rules().retire(principal().subject, _number(identity)))
    await _changed("alert_rule_retired", identity)
    return answer(row)


@blueprint.post(f"{ONE}/test")
@document_response(ToldAlert)
async def test(identity: int) -> Response:
    """Tells an alert by all the rule's ways, as if it had come to that; ``is_test`` says that it had not."""
    row = _found(await _rules().one(principal().subject, _number(identity)))
    now_ns = services().system.clock.now_ns()
    alert = FiredAlert(
        id=f"{row.id}-test-{now_ns}",
        owner=principal().subject,
        rule=row.id,
        name=row.name,
        kind=str(row.condition.__struct_config__.tag),
        instrument=getattr(row.condition, "instrument", ""),
        message="This is a test: alerts of this rule come this way",
        value=None,
        is_test=True,
        at_ns=now_ns,
    )
    if not await _rules().test(alert):
        raise ApiError(429, "tests come one in ten seconds", retry_after_s=TEST_GAP_S)
    await _changed("alert_rule_tested", identity)
    return answer(_told(alert))


@blueprint.get("/told")
@validate_querystring(ListQuery)
@document_response(Page[ToldAlert])
async def told(query_args: ListQuery) -> Response:
    """What one's rules told, the newest first; kept for 90 days."""
    key = decode_page("alerts", query_args.page_token, (str, str))
    before = (NEWEST, "") if key is None else (_time(str(key[0])), str(key[1]))
    found = await services().durable.fired_alerts.of(principal().subject, query_args.limit + 1, before)
    shown = found[: query_args.limit]
    after = (str(shown[-1].at_ns), shown[-1].id) if len(found) > len(shown) else None
    return items([_told(alert) for alert in shown], encode_page("alerts", after))


@blueprint.get("/deliveries")
@validate_querystring(ListQuery)
@document_response(Page[Delivery])
async def deliveries(query_args: ListQuery) -> Response:
    """What was sent to one's webhooks, the newest first: how often it was tried, and what came of it."""
    key = decode_page("deliveries", query_args.page_token, (int,))
    before = NEWEST if key is None else int(key[0])
    found = await services().durable.deliveries.of(principal().subject, query_args.limit + 1, before)
    shown = found[: query_args.limit]
    after = (shown[-1].id,) if len(found) > len(shown) else None
    return items(shown, encode_page("deliveries", after))


@blueprint.get("/webhooks")
@document_response(Page[Webhook])
async def webhooks() -> Response:
    """One's own webhooks, without their secrets."""
    return items(await services().durable.webhooks.of(principal().subject))


@blueprint.post("/webhooks")
@validate_request(WebhookBody)
@document_response(NewWebhook, 201)
@document_errors(404, 409)
async def add_webhook(data: WebhookBody) -> Response:
    """A new one, with the secret that signs what is sent to it: it is shown this once."""
    own, secrets = principal().subject, services().webhook_secrets
    try:
        check_url(data.url, to_private=services().webhooks_to_private)
        secret, sealed = secrets.make(own)
        made = await services().durable.webhooks.add(own, data.name, data.url, sealed)
    except AddressError as error:
        raise wrong("url", str(error)) from error
    except NoKeyError as error:
        raise ApiError(409, str(error)) from error
    except TooManyWebhooksError as error:
        raise ApiError(409, "no more webhooks fit; delete one first", code="too_many_webhooks") from error
    if made is None:
        raise ApiError(404, "there is no such account")
    await audit("webhook_added", f"webhook/{made.id} {made.fingerprint}", outcome="done")
    return answer(NewWebhook(**msgspec.structs.asdict(made), secret=secret), 201)


@blueprint.delete(f"/webhooks{ONE}")
@document_response(Webhook)
async def delete_webhook(identity: int) -> Response:
    """Takes one away with its secret: rules go on without it, and what waits is not sent."""
    row = await services().durable.webhooks.retire(principal().subject, _number(identity))
    if row is None:
        raise ApiError(404, "you have no such webhook")
    await audit("webhook_retired", f"webhook/{identity} {row.fingerprint}", outcome="done")
    return answer(row)


def _draft(data: RuleBody) -> RuleDraft:
    """The rule with its instrument by its canonical name. ApiError for what nobody lists or may not be asked for."""
    condition = data.condition
    if isinstance(condition, TokenCondition) and not principal().is_admin:
        raise ApiError(403, "rules about tokens are for administrators")
    if isinstance(condition, FeedCondition | TokenCondition):
        if condition.provider not in PROVIDERS:
            raise wrong("condition.provider", f"one of {', '.join(PROVIDERS)}")
    else:
        condition = msgspec.structs.replace(condition, instrument=resolve(services(), condition.instrument))
    return RuleDraft(
        name=data.name,
        condition=condition,
        once=data.once,
        cool_down_s=data.cool_down_s,
        hysteresis_percent=data.hysteresis_percent,
        webhook=data.webhook,
        is_enabled=data.is_enabled,
    )


async def _changed(action: str, identity: int) -> None:
    await audit(action, f"alert_rule/{identity}", outcome="done")
    await tell_engine(CHANGED)


def _told(alert: FiredAlert) -> ToldAlert:
    return ToldAlert(
        id=alert.id,
        rule=alert.rule,
        name=alert.name,
        about=alert.kind,
        symbol=alert.instrument,
        message=alert.message,
        value=alert.value,
        is_test=alert.is_test,
        at=alert.at_ns // 1_000_000,
    )


def _time(written: str) -> int:
    """Of a page token, which anybody may have written."""
    return min(int(written), NEWEST) if written.isascii() and written.isdigit() and len(written) < 20 else 0


def _number(identity: int) -> int:
    """The column of numbers can not hold every one that can be written."""
    if not 0 < identity < 2**31:
        raise ApiError(404, "you have nothing of this number")
    return identity


def _found(row: OwnRule | None) -> OwnRule:
    if row is None:
        raise ApiError(404, "you have no such rule")
    return row


def _rules() -> AlertRules:
    return services().durable.alert_rules
