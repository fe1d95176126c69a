"""The tables of alerts in memory: what the engine does with them. Nobody has webhooks here."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import msgspec

from engine.market.alert_rule import AlertRule, Standing
from engine.storage.durable.alerts import AlertRules, DueDelivery, FiredAlert, FiredAlerts, WebhookDeliveries
from engine.storage.memory.tables import Tables


class MemoryAlertRules(AlertRules):
    """Those that stand in the tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def live(self) -> list[AlertRule]:
        """All that are to be judged."""
        await self._tables.arrive()
        return [*self._tables.alert_rules.values()]

    async def stand(self, standings: Mapping[tuple[int, int], Standing]) -> None:
        """Notes where rules stand."""
        await self._tables.arrive()
        for (identity, revision), standing in standings.items():
            rule = self._tables.alert_rules.get(identity)
            if rule is not None and rule.revision == revision:
                kept = msgspec.structs.replace(standing, fired_ns=rule.standing.fired_ns)
                self._tables.alert_rules[identity] = msgspec.structs.replace(rule, standing=kept)

    async def fire(self, rule: AlertRule, standing: Standing, alert: FiredAlert) -> None:
        """Keeps an alert, and that the rule has told it."""
        await self._tables.arrive()
        known = self._tables.alert_rules.get(rule.id)
        if known is None or known.revision != rule.revision:
            return
        self._tables.alert_rules[rule.id] = msgspec.structs.replace(known, standing=standing)
        if known.once:
            del self._tables.alert_rules[rule.id]
        if alert.id not in self._tables.alerts:
            self._tables.alerts[alert.id] = alert
            self._tables.untold[alert.id] = None

    async def forget(self, before_ns: int, most: int) -> int:
        """Nobody takes any away."""
        del before_ns, most
        await self._tables.arrive()
        return 0


class MemoryFiredAlerts(FiredAlerts):
    """What rules told."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def untold(self, limit: int) -> list[FiredAlert]:
        """Those that nobody has been told of for certain, the oldest first."""
        await self._tables.arrive()
        waiting = [self._tables.alerts[identity] for identity in self._tables.untold]
        return sorted(waiting, key=_age)[:limit]

    async def told(self, identities: Sequence[str]) -> None:
        """From now on they are told."""
        await self._tables.arrive()
        for identity in identities:
            self._tables.untold.pop(identity, None)

    async def forget(self, before_ns: int, most: int) -> int:
        """Deletes what is older, and of each user what is beyond so many."""
        await self._tables.arrive()
        newest, kept = sorted(self._tables.alerts.values(), key=_age, reverse=True), Counter[str]()
        gone: list[str] = []
        for alert in newest:
            kept[alert.owner] += 1
            if alert.at_ns < before_ns or kept[alert.owner] > most:
                gone.append(alert.id)
        for identity in gone:
            del self._tables.alerts[identity]
            self._tables.untold.pop(identity, None)
        return len(gone)


def _age(alert: FiredAlert) -> tuple[int, str]:
    return alert.at_ns, alert.id


class MemoryWebhookDeliveries(WebhookDeliveries):
    """None are ever due."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def due(self, now_ns: int, limit: int, tried: Collection[int] = ()) -> list[DueDelivery]:
        """Nobody has webhooks."""
        del now_ns, limit, tried
        await self._tables.arrive()
        return []

    async def give_up(self) -> None:
        """None wait."""
        await self._tables.arrive()
