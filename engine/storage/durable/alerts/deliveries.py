"""The table of deliveries: which alert goes to which webhook, and what became of it."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

import asyncpg
import msgspec

from engine.storage.durable.alerts.fired import FiredAlert, fired
from engine.storage.durable.alerts.webhooks import SealedSecret
from engine.storage.durable.link import PostgresLink
from engine.storage.durable.times import MICROSECONDS, moment

Outcome = Literal["waiting", "delivered", "failed"]

TURN = 2
"""Deliveries of one user that are tried at a time, over all webhooks: nobody's addresses that hang hold up another's."""

_DUE = f"""
SELECT d.id AS delivery, d.attempts, d.url, d.holder, d.ciphertext, d.nonce, d.key_id, d.fingerprint,
    a.id, a.user_id, a.rule_id, a.name, a.kind, a.instrument, a.message, a.value, a.is_test,
    {MICROSECONDS.format("a.at")} AS at_us
FROM (
    SELECT *, row_number() OVER (PARTITION BY holder ORDER BY is_tried DESC, turn, due_at, id) AS place
    FROM (
        SELECT d.*, w.url, w.user_id AS holder, w.ciphertext, w.nonce, w.key_id, w.fingerprint, d.id = ANY($3) AS is_tried,
            row_number() OVER (PARTITION BY webhook_id ORDER BY d.id = ANY($3) DESC, due_at, d.id) AS turn
        FROM alert_deliveries d JOIN webhooks w ON w.id = d.webhook_id JOIN users u ON u.id = w.user_id
        WHERE status = 'waiting' AND due_at <= $1 AND w.is_active AND u.is_active
    ) AS waiting
) AS d
JOIN alerts a ON a.id = d.alert_id
WHERE place <= {TURN} AND NOT is_tried ORDER BY place, d.due_at, d.id LIMIT $2
"""
_REST = """
UPDATE alert_deliveries SET due_at = greatest(due_at, $2)
WHERE status = 'waiting' AND webhook_id = (SELECT webhook_id FROM alert_deliveries WHERE id = $1)
"""
_SETTLE = """
UPDATE alert_deliveries SET status = $2, attempts = attempts + 1, due_at = coalesce($3, due_at), http_status = $4, why = $5,
    updated_at = now()
WHERE id = $1 AND status = 'waiting'
"""
_GIVE_UP = """
UPDATE alert_deliveries d SET status = 'failed', why = 'the account is disabled', updated_at = now()
FROM webhooks w JOIN users u ON u.id = w.user_id
WHERE d.webhook_id = w.id AND d.status = 'waiting' AND NOT u.is_active
"""
_OF_USER = """
SELECT d.id, d.alert_id AS alert, d.webhook_id AS webhook, d.status, d.attempts, d.due_at, d.http_status, d.why,
    d.created_at, d.updated_at
FROM alert_deliveries d JOIN webhooks w ON w.id = d.webhook_id
WHERE w.user_id = $1 AND d.id < $2 ORDER BY d.id DESC LIMIT $3
"""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How far a delivery is."""

    id: int
    alert: str
    webhook: int
    status: Outcome
    attempts: int
    due_at: datetime
    """When it is tried next, while it waits."""
    http_status: int | None
    """What the address answered last; ``null``: nothing."""
    why: str
    """Why it has not arrived; empty once it has."""
    created_at: datetime
    updated_at: datetime


class DueDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery to be tried now, with all that is needed."""

    id: int
    attempts: int
    """Before this one."""
    url: str
    holder: str
    """Whose the webhook is."""
    secret: SealedSecret
    alert: FiredAlert


class WebhookDeliveries:
    """What was kept with an alert is tried until it has arrived or is given up."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def due(self, now_ns: int, limit: int, tried: Collection[int] = ()) -> list[DueDelivery]:
        """Those whose time has come: a few of each user, and of their webhooks in turn.

        ``tried`` are being tried now, and count to what is theirs. Who was put out is sent nothing.
        """
        return [_due(row) for row in await self._link.rows(_DUE, moment(now_ns), limit, list(tried))]

    async def rest(self, identity: int, until_ns: int) -> None:
        """An address that did not answer this one is left alone until then."""
        await self._link.value(_REST, identity, moment(until_ns))

    async def give_up(self) -> None:
        """What waits for who was put out meanwhile is sent no more, whenever they come back."""
        await self._link.value(_GIVE_UP)

    async def settle(
        self,
        identity: int,
        status: Outcome,
        *,
        due_ns: int | None = None,
        http_status: int | None = None,
        why: str = "",
    ) -> None:
        """What an attempt came to; one that is still ``waiting`` is due again then."""
        due = None if due_ns is None else moment(due_ns)
        await self._link.value(_SETTLE, identity, status, due, http_status, why)

    async def of(self, owner: str, limit: int, before: int) -> list[Delivery]:
        """The newest of a user's whose number is below ``before``."""
        rows = await self._link.rows(_OF_USER, owner, before, limit)
        return [Delivery(**_values(row)) for row in rows]


def _values(row: asyncpg.Record) -> dict[str, Any]:
    return dict(row)


def _due(row: asyncpg.Record) -> DueDelivery:
    return DueDelivery(
        id=row["delivery"],
        attempts=row["attempts"],
        url=row["url"],
        holder=row["holder"],
        secret=SealedSecret(row["ciphertext"], row["nonce"], row["key_id"], row["fingerprint"]),
        alert=fired(row),
    )
