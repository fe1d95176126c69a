"""The alert book: judges rules by what is seen, and gathers what is to be told and where rules stand."""

from collections import deque
from collections.abc import Iterable
from datetime import tzinfo
from typing import Final, TypeVar

import msgspec

from engine.market.alert_levels import Levels
from engine.market.alert_past import Past, Pasts, later, look_back, whole_minute
from engine.market.alert_rule import (
    LEVELS,
    MINUTE_NS,
    TOLD,
    AlertRule,
    Condition,
    Look,
    PriceCondition,
    Seen,
    Standing,
    judge,
    look_at_price,
)
from engine.market.candle import Candle
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
        self._levels: dict[str, Levels] = {}
        """Of those about a level, by instrument."""
        self._changes: dict[str, list[int]] = {}
        """Those about changes of prices, by instrument: each tick is put before all of them."""
        self._seen: dict[str, Seen] = {}
        """Of their instruments the prices of the newest minute."""
        self.pasts = Pasts()
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
        return frozenset(self._levels.keys() | self._changes.keys())

    def to_keep(self) -> dict[tuple[int, int], Standing]:
        """Of what moved all but rules that have a past: who dies before that is looked at leaves them where they stood then."""
        return {key: standing for key, standing in self.moved.items() if key[0] not in self.pasts}

    def replace(self, rules: Iterable[AlertRule], judged_ns: int, now_ns: int) -> None:
        """The rules as they were read. Where one stands is known better here than where it was read, unless it is rewritten.

        ``judged_ns`` is until when all prices were put before those of then; what came since is the past of who is new here.
        """
        known, self._rules = self._rules, {}
        for rule in rules:
            before = known.get(rule.id)
            if before is not None and before.revision == rule.revision:
                self._rules[rule.id] = msgspec.structs.replace(rule, standing=before.standing)
            else:
                self._rules[rule.id] = rule
                self.pasts.begin(rule, judged_ns, now_ns)
        self.pasts.keep(self._rules)
        levels: dict[str, list[AlertRule]] = {}
        self._changes = {}
        for rule, condition in self.of(PriceCondition):
            if condition.comparison in LEVELS:
                levels.setdefault(condition.instrument, []).append(rule)
            else:
                self._changes.setdefault(condition.instrument, []).append(rule.id)
        self._levels = {name: Levels(rules, now_ns) for name, rules in levels.items()}
        self._seen = {name: seen for name, seen in self._seen.items() if name in levels}

    def of(self, kind: type[Kind]) -> list[tuple[AlertRule, Kind]]:
        """The rules of one kind of condition, with that."""
        return [(rule, rule.condition) for rule in self._rules.values() if isinstance(rule.condition, kind)]

    def take(self, tick: Tick, now_ns: int) -> None:
        """Puts a tick before the rules about its instrument's price: of those about levels the ones it gets to."""
        levels, changes = self._levels.get(tick.instrument), self._changes.get(tick.instrument, ())
        if levels is not None:
            seen = self._note(tick)
            for identity in levels.concerned(tick.price, now_ns):
                self._put(identity, tick, now_ns, seen)
        for identity in changes:
            self._put(identity, tick, now_ns)

    def _put(self, identity: int, tick: Tick, now_ns: int, seen: Seen | None = None) -> None:
        rule = self._rules[identity]
        assert isinstance(rule.condition, PriceCondition)
        look = look_at_price(rule.condition, tick)
        if look is not None:
            self.look(rule, look, now_ns, seen)

    def _note(self, tick: Tick) -> Seen:
        minute_ns = tick.ts_event // MINUTE_NS * MINUTE_NS
        self.pasts.hear(tick.instrument, minute_ns)
        known = self._seen.get(tick.instrument)
        seen = known.with_price(minute_ns, tick.price) if known else Seen(minute_ns, tick.price, tick.price)
        self._seen[tick.instrument] = seen
        return seen

    def look(self, rule: AlertRule, look: Look, now_ns: int, seen: Seen | None = None) -> None:
        """Puts what was seen before a rule."""
        standing, is_due = judge(rule, look, now_ns)
        if standing == rule.standing:
            return
        if seen is not None:
            seen = self.pasts.seen(rule.id, seen)
            standing = msgspec.structs.replace(standing, seen=later(rule.standing.seen, seen))
        if is_due:
            self._tell(rule, standing, look, now_ns)
        else:
            self._stand(rule, standing)

    def look_back(self, past: Past, candles: Iterable[Candle], zone: tzinfo, now_ns: int, *, is_all: bool) -> None:
        """Puts the candles of a past before its rule. They tell nothing where live prices have told it since.

        It stands then where the past has led it; unless it had been told before the past, and live prices made it wait again.
        """
        rule = self._rules.get(past.rule.id)
        if rule is None or past.rule.id not in self.pasts:
            return
        past.is_looked_at = True
        standing, look = look_back(past.rule, candles, zone)
        is_waiting_again = past.rule.standing.side == TOLD != rule.standing.side
        side = rule.standing.side if is_waiting_again else standing.side
        seen = later(rule.standing.seen, standing.seen if is_all else whole_minute(now_ns))
        if look is not None:
            self._tell(rule, Standing(side, "", now_ns, seen), look, now_ns)
        elif is_all:
            self.pasts.end(rule.id)
            if side != rule.standing.side:
                self._stand(rule, msgspec.structs.replace(rule.standing, side=side, seen=seen))

    def _tell(self, rule: AlertRule, standing: Standing, look: Look, now_ns: int) -> None:
        self.pasts.end(rule.id)
        self._set(rule, standing)
        self.moved.pop((rule.id, rule.revision), None)  # what is kept of it now says where it stands
        self.dropped += len(self.due) == MOST_WAITING
        self.due.append(Due(rule, standing, look, now_ns))

    def _stand(self, rule: AlertRule, standing: Standing) -> None:
        self._set(rule, standing)
        self.moved[rule.id, rule.revision] = standing

    def _set(self, rule: AlertRule, standing: Standing) -> None:
        rule = self._rules[rule.id] = msgspec.structs.replace(rule, standing=standing)
        if isinstance(rule.condition, PriceCondition) and rule.condition.comparison in LEVELS:
            self._levels[rule.condition.instrument].put(rule)
