"""Failover: which of an exchange's providers are in service, by how their feeds have been. No I/O; seconds of a steady clock."""

from collections.abc import Sequence

import msgspec


class FailoverRules(msgspec.Struct, frozen=True):
    """When a provider is given up, and when it is trusted again. Seconds."""

    after_s: float = 15.0
    """One that has been unwell for so long is out of service: shorter troubles cost less than a move."""
    return_s: float = 120.0
    """One that was out is back when it has been well for so long without a pause."""
    dwell_s: float = 60.0
    """After any move nobody comes back for so long: two moves in a row would leave two holes."""
    relapse_s: float = 3_600.0
    """Who is out again so soon after coming back has to be well twice as long the next time, and so on."""
    longest_return_s: float = 3_600.0


class _Standing:
    """One provider: whether it serves, and since when it is as it is."""

    __slots__ = ("back_s", "needed_s", "serves", "since_s", "well")

    def __init__(self, now_s: float, needed_s: float) -> None:
        self.serves = True
        self.well = True
        self.since_s = now_s
        self.needed_s = needed_s
        self.back_s: float | None = None


class Failover:
    """The providers of one exchange, the preferred one first.

    All serve at first. One that is unwell too long is out; one that is out comes back after it has been well long
    enough, which takes longer each time it disappoints, so that a provider that comes and goes stays away. Only when
    nobody serves is the first one that is well taken at once, whatever it did before.
    """

    def __init__(self, providers: Sequence[str], rules: FailoverRules, now_s: float) -> None:
        self.providers = tuple(providers)
        self._rules = rules
        self._standings = {name: _Standing(now_s, rules.return_s) for name in self.providers}
        self._moved_s = float("-inf")

    def report(self, provider: str, *, well: bool, now_s: float) -> None:
        """How a provider is from now on; the same again changes nothing."""
        standing = self._standings[provider]
        if standing.well != well:
            standing.well, standing.since_s = well, now_s

    def is_well(self, provider: str) -> bool:
        """By its last report."""
        return self._standings[provider].well

    def serves(self, provider: str) -> bool:
        """By the last decision."""
        return self._standings[provider].serves

    @property
    def serving(self) -> tuple[str, ...]:
        """Those in service by the last decision, the preferred one first."""
        return tuple(name for name, standing in self._standings.items() if standing.serves)

    def unwell_s(self, provider: str, now_s: float) -> float:
        """For how long it has been unwell; 0 when it is well."""
        standing = self._standings[provider]
        return 0.0 if standing.well else now_s - standing.since_s

    def decide(self, now_s: float) -> tuple[str, ...]:
        """Those in service now, the preferred one first; none when nobody is well."""
        serving = self._serving()
        for standing in serving:
            if not standing.well and now_s - standing.since_s >= self._rules.after_s:
                self._dismiss(standing, now_s)
        if serving and not serving[0].serves:
            self._pass_over_unwell(now_s)
        if not self._serving():
            self._recall_first(now_s)
        elif now_s - self._moved_s >= self._rules.dwell_s:
            self._recall_trusted(now_s)
        return self.serving

    def _serving(self) -> list[_Standing]:
        return [one for one in self._standings.values() if one.serves]

    def _pass_over_unwell(self, now_s: float) -> None:
        """Who moves anyway does not move to one that is in trouble itself, however short a time."""
        for standing in self._serving():
            if not standing.well:
                self._dismiss(standing, now_s)

    def _dismiss(self, standing: _Standing, now_s: float) -> None:
        rules, back_s = self._rules, standing.back_s
        relapsed = back_s is not None and now_s - back_s < rules.relapse_s
        standing.needed_s = min(2 * standing.needed_s, rules.longest_return_s) if relapsed else rules.return_s
        standing.serves = False
        self._moved_s = now_s

    def _recall_first(self, now_s: float) -> None:
        """Anybody is better than nobody."""
        first = next((one for one in self._standings.values() if one.well), None)
        if first is not None:
            self._recall(first, now_s)

    def _recall_trusted(self, now_s: float) -> None:
        for standing in self._standings.values():
            if not standing.serves and standing.well and now_s - standing.since_s >= standing.needed_s:
                self._recall(standing, now_s)

    def _recall(self, standing: _Standing, now_s: float) -> None:
        standing.serves, standing.back_s = True, now_s
        self._moved_s = now_s
