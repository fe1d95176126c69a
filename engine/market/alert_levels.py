"""The levels of one instrument's rules: a price finds the rules it concerns, and passes over all others."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from math import inf
from typing import Final

from engine.market.alert_rule import AlertRule, rests_until_ns, wakes_at

Entry = tuple[float, int]
"""A price, and the rule that it concerns."""
NOWHERE: Final = (inf, inf)


class Levels:
    """Two sorted lists: of prices that concern a rule when they are risen to, and of those that are fallen to, as negative ones."""

    def __init__(self, rules: Iterable[AlertRule], now_ns: int) -> None:
        self._now_ns = now_ns
        self._rules = {rule.id: rule for rule in rules}
        self._resting = [
            (until_ns, one) for one, rule in self._rules.items() if (until_ns := rests_until_ns(rule, now_ns))
        ]
        heapify(self._resting)
        resting = {one for _, one in self._resting}
        self._at = {one: NOWHERE if one in resting else wakes_at(rule) for one, rule in self._rules.items()}
        self._rising, self._falling = (
            sorted((levels[side], one) for one, levels in self._at.items() if levels[side] != inf) for side in (0, 1)
        )

    def put(self, rule: AlertRule) -> None:
        """One of them stands elsewhere now."""
        for entries, level in zip((self._rising, self._falling), self._at[rule.id], strict=True):
            if level != inf:
                del entries[bisect_left(entries, (level, rule.id))]
        self._rules[rule.id] = rule
        until_ns = rests_until_ns(rule, self._now_ns)
        self._at[rule.id] = NOWHERE if until_ns else wakes_at(rule)
        if until_ns:
            heappush(self._resting, (until_ns, rule.id))
        for entries, level in zip((self._rising, self._falling), self._at[rule.id], strict=True):
            if level != inf:
                insort(entries, (level, rule.id))

    def concerned(self, price: float, now_ns: int) -> list[int]:
        """The rules that are to be judged by a price, in their order: no other one would stand elsewhere by it."""
        self._wake(now_ns)
        found = {one for _, one in self._rising[: bisect_right(self._rising, (price, inf))]}
        found.update(one for _, one in self._falling[: bisect_right(self._falling, (-price, inf))])
        return sorted(found)

    def _wake(self, now_ns: int) -> None:
        """Those that have cooled down; and all where the clock was set back, as nobody rests for as long as that."""
        is_set_back, self._now_ns = now_ns < self._now_ns, now_ns
        woken: list[int] = []
        while self._resting and (is_set_back or self._resting[0][0] <= now_ns):
            woken.append(heappop(self._resting)[1])
        for one in woken:
            self.put(self._rules[one])
