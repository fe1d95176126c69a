"""The past of a rule: minutes in which nobody put prices before it, and what is to be told of them once they are known.

An engine that was killed, or one that could not read its rules, has left minutes unjudged. Their candles are put before a copy of
the rule as it stood then, while live prices are put before the rule itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from math import inf
from typing import Final

import msgspec

from engine.market.alert_rule import (
    ABOVE,
    BELOW,
    LEVELS,
    MINUTE_NS,
    NS_PER_S,
    AlertRule,
    Look,
    PriceCondition,
    Seen,
    Standing,
    judge,
    look_at_unseen_price,
    waits_again,
)
from engine.market.candle import Candle

FARTHEST_NS: Final = 4 * 86_400 * NS_PER_S
"""So far back it is looked at most: over a long weekend."""
SETTLING_NS: Final = 10 * NS_PER_S
"""So long after its end a minute's candle is there, or it is noted that it is in doubt."""
PATIENCE_NS: Final = 6 * 3_600 * NS_PER_S
"""So long healing, and the first price, are waited for."""

CALM_LOOKS: Final = 2

Span = tuple[int, int]


class Past(msgspec.Struct):
    """What a rule was not put before. It ends with the minute of the first price that it was put before."""

    rule: AlertRule
    """As it stood then."""
    start_ns: int
    found_ns: int
    end_ns: int | None = None
    """``None``: there was no price yet."""
    is_looked_at: bool = False
    """Once at once, by what is known; then when all is known."""
    calm_looks: int = 0
    """In a row, at which nothing of it was in doubt."""

    @property
    def instrument(self) -> str:
        assert isinstance(self.rule.condition, PriceCondition)
        return self.rule.condition.instrument

    @property
    def is_nothing(self) -> bool:
        return self.end_ns is not None and self.end_ns <= self.start_ns

    def is_given_up(self, now_ns: int) -> bool:
        return now_ns - self.found_ns >= PATIENCE_NS

    @property
    def is_calm(self) -> bool:
        """Healing is noted a moment after it begins, and candles are written a moment after it ends."""
        return self.calm_looks >= CALM_LOOKS

    def note(self, now_ns: int, in_doubt: Sequence[Span]) -> None:
        """What is in doubt now."""
        self.calm_looks = self.calm_looks + 1 if self._is_quiet(now_ns, in_doubt) else 0

    def _is_quiet(self, now_ns: int, in_doubt: Sequence[Span]) -> bool:
        if self.end_ns is None or now_ns < self.end_ns + SETTLING_NS:
            return False
        return not any(start_ns < self.end_ns and self.start_ns < end_ns for start_ns, end_ns in in_doubt)


class Pasts:
    """The pasts of all rules that have one."""

    def __init__(self) -> None:
        self._of: dict[int, Past] = {}
        self._unheard: dict[str, list[Past]] = {}
        """By instruments that no price came of since."""

    def __len__(self) -> int:
        return len(self._of)

    def __contains__(self, identity: int) -> bool:
        return identity in self._of

    def begin(self, rule: AlertRule, judged_ns: int, now_ns: int) -> None:
        """Of a rule that was just found, where all that came before ``judged_ns`` has been put before the rules of then."""
        if not isinstance(rule.condition, PriceCondition) or rule.condition.comparison not in LEVELS:
            return
        seen = rule.standing.seen
        # The rest of the minute in which it was written is not its.
        own_ns = seen.minute_ns if seen else rule.written_ns + MINUTE_NS
        start_ns = max(own_ns, judged_ns, now_ns - FARTHEST_NS) // MINUTE_NS * MINUTE_NS
        past = self._of[rule.id] = Past(rule, start_ns, now_ns)
        self._unheard.setdefault(past.instrument, []).append(past)

    def hear(self, instrument: str, minute_ns: int) -> None:
        """A price has come, of this minute."""
        if not self._unheard:
            return
        for past in self._unheard.pop(instrument, ()):
            past.end_ns = minute_ns + MINUTE_NS
            if past.is_nothing and self._of.get(past.rule.id) is past:
                self.end(past.rule.id)

    def seen(self, identity: int, seen: Seen) -> Seen:
        """What a rule was put before, where that is known: before the first price of its minute others may have come unheard.

        That minute is then all taken for seen. It is looked at as the end of the past, or not at all once the rule was told in it.
        """
        past = self._of.get(identity)
        if past is None or past.end_ns is None or seen.minute_ns >= past.end_ns:
            return seen
        return whole_minute(seen.minute_ns)

    def end(self, identity: int) -> None:
        """It is told, or was all looked at."""
        self._of.pop(identity, None)

    def keep(self, rules: Mapping[int, AlertRule]) -> None:
        """Those of other rules, and of what these were before, are over."""
        for identity, past in [*self._of.items()]:
            if identity not in rules or rules[identity].revision != past.rule.revision:
                self.end(identity)
        self._unheard = {name: found for name, pasts in self._unheard.items() if (found := self._left(pasts))}

    def _left(self, pasts: Iterable[Past]) -> list[Past]:
        return [past for past in pasts if self._of.get(past.rule.id) is past]

    def due(self, now_ns: int, healing: Mapping[str, Sequence[Span]]) -> list[Past]:
        """Those to be looked at now: what is new, and what is known."""
        found: list[Past] = []
        for past in self._of.values():
            past.note(now_ns, healing.get(past.instrument, ()))
            is_new = not past.is_looked_at and past.start_ns < now_ns
            if is_new or past.is_calm or past.is_given_up(now_ns):
                found.append(past)
        return found


def look_back(rule: AlertRule, candles: Iterable[Candle], zone: tzinfo) -> tuple[Standing, Look | None]:
    """Where a rule stands after minutes that it is put before, the oldest first, and what is to be told: the first it got to."""
    walk = _Walk(rule, zone)
    for candle in candles:
        walk.put(candle)
    return walk.rule.standing, walk.told


class _Walk:
    """Nobody knows which of a minute's high and low came first: nothing is told that may not have been."""

    def __init__(self, rule: AlertRule, zone: tzinfo) -> None:
        self.rule = rule
        self.told: Look | None = None
        self._zone = zone

    def put(self, candle: Candle) -> None:
        """What the rule was put before already is left out: of its own minute, and all before that."""
        seen = self.rule.standing.seen
        if seen is not None and candle.time < seen.minute_ns:
            return
        is_new = seen is None or candle.time > seen.minute_ns
        if is_new:
            self._look(candle, candle.open)
        news = [price for price in self._extremes(candle) if is_new or not _has(seen, price)]
        for price in news:
            self._look(candle, price)
        if is_new or news:
            self._look(candle, candle.close)
        seen = later(seen, Seen(candle.time, candle.high, candle.low))
        self._stand(msgspec.structs.replace(self.rule.standing, seen=seen))

    def _extremes(self, candle: Candle) -> list[float]:
        """What leads a waiting rule to its level; else what is far enough from it to make it wait again, before the close."""
        side = self.rule.standing.side
        if side in (BELOW, ABOVE):
            return [candle.high if side == BELOW else candle.low]
        return [price for price in (candle.low, candle.high) if waits_again(self.rule, price)]

    def _look(self, candle: Candle, price: float) -> None:
        assert isinstance(self.rule.condition, PriceCondition)
        look = look_at_unseen_price(self.rule.condition, price, _when(candle.time, self._zone))
        standing, is_due = judge(self.rule, look, candle.time + MINUTE_NS)
        self._stand(standing)
        if is_due and self.told is None:
            self.told = look

    def _stand(self, standing: Standing) -> None:
        self.rule = msgspec.structs.replace(self.rule, standing=standing)


def _has(seen: Seen | None, price: float) -> bool:
    return seen is not None and seen.low <= price <= seen.high


def later(one: Seen | None, other: Seen | None) -> Seen | None:
    """What was seen of the later minute; of the same one both."""
    if one is None or other is None:
        return one or other
    if one.minute_ns != other.minute_ns:
        return max(one, other, key=_minute_ns)
    return Seen(one.minute_ns, max(one.high, other.high), min(one.low, other.low))


def whole_minute(ns: int) -> Seen:
    """All of a minute, whatever is known of it later."""
    return Seen(ns // MINUTE_NS * MINUTE_NS, inf, -inf)


def _minute_ns(seen: Seen) -> int:
    return seen.minute_ns


def _when(ns: int, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(ns // NS_PER_S, zone):%Y-%m-%d at %H:%M %Z}"
