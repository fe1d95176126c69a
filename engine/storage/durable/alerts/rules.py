"""The table of alert rules: each user's own, and where each stands."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from collections.abc import Mapping
from datetime import datetime

import asyncpg
import msgspec

from engine.market.alert_rule import AlertRule, Condition, Seen, Standing
from engine.storage.durable.alerts.fired import ADD, FiredAlert
from engine.storage.durable.errors import judging_rows
from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.times import MICROSECOND_NS, MICROSECONDS, SECOND_NS, moment

RULES = 200
"""Rules one user may have."""
EVERYBODYS_RULES = 20_000
"""Rules of all users together: each tick is put before those about its instrument."""
WAITING = 1_000
"""Deliveries that may wait for one webhook; later ones have failed at once, and say so."""
TEST_GAP_S = 10
"""Between two tests of one user."""

_OWN = "id, name, condition::text, once, cool_down_s, hysteresis_percent, webhook_id, is_enabled, fired_at, created_at, updated_at"
_LIVE = f"""
SELECT r.id, user_id, r.name, condition::text, once, cool_down_s, hysteresis_percent, revision, side, about,
    {MICROSECONDS.format("fired_at")} AS fired_us, {MICROSECONDS.format("seen_at")} AS seen_us, seen_high, seen_low,
    {MICROSECONDS.format("r.updated_at")} AS written_us
FROM alert_rules r JOIN users u ON u.id = user_id
WHERE r.is_active AND is_enabled AND u.is_active AND (condition->>'kind' <> 'token' OR role = 'admin')
ORDER BY r.id
"""
_LOCK = "SELECT FROM users WHERE id = $1 FOR UPDATE"
_COUNT = "SELECT count(*) FROM alert_rules WHERE user_id = $1 AND is_active"
_COUNT_ALL = "SELECT count(*) FROM alert_rules WHERE is_active"
_HAS_WEBHOOK = "SELECT FROM webhooks WHERE user_id = $1 AND id = $2 AND is_active FOR SHARE"
_ADD = f"""
INSERT INTO alert_rules (user_id, name, condition, once, cool_down_s, hysteresis_percent, webhook_id, is_enabled)
VALUES ($1, $2, $3::jsonb, $4, $5, $6, $7, $8) RETURNING {_OWN}
"""
_CHANGE = f"""
UPDATE alert_rules SET name = $3, condition = $4::jsonb, once = $5, cool_down_s = $6, hysteresis_percent = $7,
    webhook_id = $8, is_enabled = $9, revision = revision + 1, side = NULL, about = '', fired_at = NULL, seen_at = NULL,
    updated_at = now()
WHERE user_id = $1 AND id = $2 AND is_active RETURNING {_OWN}
"""
_RETIRE = f"""
UPDATE alert_rules SET is_active = false, updated_at = now() WHERE user_id = $1 AND id = $2 AND is_active RETURNING {_OWN}
"""
_OF_USER = f"SELECT {_OWN} FROM alert_rules WHERE user_id = $1 AND is_active"
_STAND = """
UPDATE alert_rules r SET side = row.side, about = row.about, seen_at = row.at, seen_high = row.high, seen_low = row.low
FROM unnest($1::int[], $2::int[], $3::smallint[], $4::text[], $5::timestamptz[], $6::float8[], $7::float8[])
    AS row(id, revision, side, about, at, high, low)
WHERE r.id = row.id AND r.revision = row.revision
"""
_FIRE = """
UPDATE alert_rules SET side = $3, about = $4, seen_at = $5, seen_high = $6, seen_low = $7, fired_at = $8, is_enabled = NOT once
WHERE id = $1 AND revision = $2 AND is_active AND is_enabled RETURNING webhook_id
"""
_TESTED = "SELECT FROM alerts WHERE user_id = $1 AND is_test AND at > $2 LIMIT 1"
_OF_RULE = "SELECT webhook_id FROM alert_rules WHERE id = $1"
_DELIVER = f"""
INSERT INTO alert_deliveries (alert_id, webhook_id, due_at, status, why)
SELECT $1, id, $3, CASE WHEN full_up THEN 'failed' ELSE 'waiting' END,
    CASE WHEN full_up THEN '{WAITING} others wait already' ELSE '' END
FROM webhooks, LATERAL (
    SELECT count(*) >= {WAITING} AS full_up FROM alert_deliveries WHERE webhook_id = $2 AND status = 'waiting'
) AS queue
WHERE id = $2 AND is_active FOR SHARE OF webhooks
"""
_FORGET = """
WITH rules AS (
    DELETE FROM alert_rules WHERE id = ANY(ARRAY(
        SELECT id FROM alert_rules r WHERE NOT is_active AND updated_at < $1
            AND NOT EXISTS (SELECT FROM alerts WHERE rule_id = r.id) LIMIT $2
    )) RETURNING 1
), hooks AS (
    DELETE FROM webhooks WHERE id = ANY(ARRAY(
        SELECT id FROM webhooks w WHERE NOT is_active AND updated_at < $1
            AND NOT EXISTS (SELECT FROM alert_deliveries WHERE webhook_id = w.id)
            AND NOT EXISTS (SELECT FROM alert_rules WHERE webhook_id = w.id) LIMIT $2
    )) RETURNING 1
)
SELECT (SELECT count(*) FROM rules) + (SELECT count(*) FROM hooks)
"""


class RuleDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as its owner writes it."""

    name: str
    condition: Condition
    once: bool
    cool_down_s: int
    hysteresis_percent: float
    webhook: int | None
    is_enabled: bool


class OwnRule(RuleDraft, frozen=True, kw_only=True):
    """A rule as its owner sees it."""

    id: int
    fired_at: datetime | None
    """When it was told last, since it was written as it is."""
    created_at: datetime
    updated_at: datetime


class TooManyRulesError(Exception):
    """Its owner has as many rules as one may have."""


class CrowdedRulesError(Exception):
    """All users together have as many rules as the installation judges."""


class UnknownWebhookError(Exception):
    """Its owner has no such webhook."""


class AlertRules:
    """What takes an owner's id sees nobody else's; the engine sees all that are to be judged."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def live(self) -> list[AlertRule]:
        """All that are to be judged. Those about tokens are for administrators, as long as they are that."""
        return [_rule(row) for row in await self._link.rows(_LIVE)]

    async def stand(self, standings: Mapping[tuple[int, int], Standing]) -> None:
        """Notes where rules stand, by id and revision; those that were rewritten meanwhile stay."""
        rows = [(*key, *_stood(standing)) for key, standing in standings.items()]
        if rows:
            await self._link.value(_STAND, *zip(*rows, strict=True))

    async def fire(self, rule: AlertRule, standing: Standing, alert: FiredAlert) -> None:
        """Keeps an alert, what is to be sent of it, and that the rule has told it: all or nothing. Safe to repeat.

        Nothing where the rule was rewritten, ended or switched off meanwhile. Raises UnfitRowError for an alert that can not be
        kept ever.
        """

        async def fire(connection: Connection) -> None:
            arguments = *_stood(standing), moment(standing.fired_ns)
            row = await connection.fetchrow(_FIRE, rule.id, rule.revision, *arguments)
            if row is not None:
                await _keep(connection, alert, row["webhook_id"])

        with judging_rows():
            await self._link.run(fire)

    async def test(self, alert: FiredAlert) -> bool:
        """Keeps an alert that tells nothing but that alerts come, by all its rule's ways.

        False where its owner has tried another one just before: nobody is to hammer at an address through us.
        """

        async def test(connection: Connection) -> bool:
            await connection.fetchrow(_LOCK, alert.owner)
            if (
                await connection.fetchrow(_TESTED, alert.owner, moment(alert.at_ns - TEST_GAP_S * SECOND_NS))
                is not None
            ):
                return False
            await _keep(connection, alert, await connection.fetchval(_OF_RULE, alert.rule))
            return True

        return await self._link.run(test)

    async def of(self, owner: str) -> list[OwnRule]:
        """A user's, the oldest first."""
        return [_own(row) for row in await self._link.rows(f"{_OF_USER} ORDER BY id", owner)]

    async def one(self, owner: str, identity: int) -> OwnRule | None:
        """One of them."""
        rows = await self._link.rows(f"{_OF_USER} AND id = $2", owner, identity)
        return _own(rows[0]) if rows else None

    async def add(self, owner: str, draft: RuleDraft) -> OwnRule | None:
        """A new one; ``None``: there is no such user. Raises TooManyRulesError, CrowdedRulesError
        or UnknownWebhookError.

        The user's row is locked first: two at once could each be the last one there is room for.
        """

        async def add(connection: Connection) -> OwnRule | None:
            if await connection.fetchrow(_LOCK, owner) is None:
                return None
            if await connection.fetchval(_COUNT, owner) >= RULES:
                raise TooManyRulesError
            if await connection.fetchval(_COUNT_ALL) >= EVERYBODYS_RULES:
                raise CrowdedRulesError
            await _check_webhook(connection, owner, draft)
            return _own(await connection.fetchrow(_ADD, owner, *_written(draft)))

        return await self._link.run(add)

    async def change(self, owner: str, identity: int, draft: RuleDraft) -> OwnRule | None:
        """Rewrites one, which then begins anew; ``None``: they have no such rule. Raises UnknownWebhookError."""

        async def change(connection: Connection) -> OwnRule | None:
            await _check_webhook(connection, owner, draft)
            row = await connection.fetchrow(_CHANGE, owner, identity, *_written(draft))
            return None if row is None else _own(row)

        return await self._link.run(change)

    async def retire(self, owner: str, identity: int) -> OwnRule | None:
        """Takes one away; ``None``: they have no such rule."""
        rows = await self._link.rows(_RETIRE, owner, identity)
        return _own(rows[0]) if rows else None

    async def forget(self, before_ns: int, most: int) -> int:
        """Deletes rules and webhooks that were taken away before, once nothing that they told is kept; how many there were.

        So many of each at the most: for each one all alerts, or deliveries, are gone through.
        """
        return int(await self._link.value(_FORGET, moment(before_ns), most))


async def _keep(connection: Connection, alert: FiredAlert, webhook: int | None) -> None:
    at = moment(alert.at_ns)
    texts = alert.name, alert.kind, alert.instrument, alert.message
    kept = await connection.fetchval(ADD, alert.id, alert.owner, alert.rule, *texts, alert.value, alert.is_test, at)
    if kept is not None and webhook is not None:
        await connection.execute(_DELIVER, alert.id, webhook, at)


async def _check_webhook(connection: Connection, owner: str, draft: RuleDraft) -> None:
    if draft.webhook is not None and await connection.fetchrow(_HAS_WEBHOOK, owner, draft.webhook) is None:
        raise UnknownWebhookError


def _written(draft: RuleDraft) -> tuple[object, ...]:
    condition = msgspec.json.encode(draft.condition).decode()
    terms = draft.once, draft.cool_down_s, draft.hysteresis_percent
    return draft.name, condition, *terms, draft.webhook, draft.is_enabled


def _stood(standing: Standing) -> tuple[object, ...]:
    seen = standing.seen
    prices = (None, None, None) if seen is None else (moment(seen.minute_ns), seen.high, seen.low)
    return standing.side, standing.about, *prices


def _own(row: asyncpg.Record | None) -> OwnRule:
    assert row is not None
    values = dict(row)
    webhook, condition = values.pop("webhook_id"), msgspec.json.decode(values.pop("condition"), type=Condition)
    return OwnRule(webhook=webhook, condition=condition, **values)


def _rule(row: asyncpg.Record) -> AlertRule:
    seen = None
    if row["seen_us"] is not None:
        seen = Seen(row["seen_us"] * MICROSECOND_NS, row["seen_high"], row["seen_low"])
    return AlertRule(
        id=row["id"],
        owner=row["user_id"],
        name=row["name"],
        condition=msgspec.json.decode(row["condition"], type=Condition),
        once=row["once"],
        cool_down_s=row["cool_down_s"],
        hysteresis_percent=row["hysteresis_percent"],
        revision=row["revision"],
        standing=Standing(row["side"], row["about"], (row["fired_us"] or 0) * MICROSECOND_NS, seen),
        written_ns=row["written_us"] * MICROSECOND_NS,
    )
