"""The alert book: judges rules by what is seen, and gathers what is to be told and where rules stand."""

from collections import deque
from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec

from engine.market.alert_rule import AlertRule, Condition, Look, PriceCondition, Standing, judge, look_at_price
from engine.market.tick import Tick

MOST_WAITING: Final = 10_000
"""Alerts that wait to be kept; of more the oldest go, and are counted."""

Kind = TypeVar("Kind", bound=Condition)


class Due(msgspec.Struct, frozen=True):
    """A rule that is to be told, by what was seen, and where it stands then."""

    rule: AlertRule
    standing: Standing
    look: Look
    at_ns: int


class AlertBook:
    """All rules that are to be judged. Whoever keeps what it gathers takes it away afterwards."""

    def __init__(self) -> None:
        self._rules: dict[int, AlertRule] = {}
        self._by_instrument: dict[str, list[int]] = {}
        """Those about prices, which each tick is put before."""
        self.due: deque[Due] = deque(maxlen=MOST_WAITING)
        """To be told, in their order."""
        self.moved: dict[tuple[int, int], Standing] = {}
        """Where rules stand now that stood elsewhere, by id and revision: to be kept after what is to be told."""
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._rules)

    @property
    def instruments(self) -> frozenset[str]:
        """Those whose every tick is wanted."""
        return frozenset(self._by_instrument)

    def replace(self, rules: Iterable[AlertRule]) -> None:
        """The rules as they were read. Where one stands is known better here than where it was read, unless it is rewritten."""
        known, self._rules = self._rules, {}
        for rule in rules:
            before = known.get(rule.id)
            is_same = before is not None and before.revision == rule.revision
            self._rules[rule.id] = (
                msgspec.structs.replace(rule, standing=before.standing) if is_same and before else rule
            )
        wanted: dict[str, list[int]] = {}
        for rule, condition in self.of(PriceCondition):
            wanted.setdefault(condition.instrument, []).append(rule.id)
        self._by_instrument = wanted

    def of(self, kind: type[Kind]) -> list[tuple[AlertRule, Kind]]:
        """The rules of one kind of condition, with that."""
        return [(rule, rule.condition) for rule in self._rules.values() if isinstance(rule.condition, kind)]

    def take(self, tick: Tick, now_ns: int) -> None:
        """Puts a tick before the rules about its instrument's price."""
        for identity in self._by_instrument.get(tick.instrument, ()):
            rule = self._rules[identity]
            assert isinstance(rule.condition, PriceCondition)
            look = look_at_price(rule.condition, tick)
            if look is not None:
                self.look(rule, look, now_ns)

    def look(self, rule: AlertRule, look: Look, now_ns: int) -> None:
        """Puts something else that was seen before a rule."""
        standing, is_due = judge(rule, look, now_ns)
        if standing == rule.standing:
            return
        self._rules[rule.id] = msgspec.structs.replace(rule, standing=standing)
        if not is_due:
            self.moved[rule.id, rule.revision] = standing
            return
        self.moved.pop((rule.id, rule.revision), None)  # what is kept of it now says where it stands
        self.dropped += len(self.due) == MOST_WAITING
        self.due.append(Due(rule, standing, look, now_ns))
