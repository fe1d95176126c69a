"""The roomless: instruments that no provider's connections have room for, and what is to be told of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from engine.market import Calendars
from engine.market.diagnosis import Cause

ROOMLESS = {
    Cause.NOT_CARRIED: "no provider that knows it has room for it on its connections",
    Cause.FALLBACK: "no feed has room for it: its quotes are asked for again and again with its option chain",
    Cause.CLOSED: "the exchange is closed",
}
"""Why clients are told so."""


class Roomless:
    """Options that are asked for with their chains are told as fallback, the others as carried by nobody.

    No line brings them, so that there is no silence to be judged. Pure: who knows the time asks what has changed.
    """

    def __init__(self, calendars: Calendars) -> None:
        self._calendars = calendars
        self.names: tuple[str, ...] = ()
        self._asked: frozenset[str] = frozenset()
        self._told: dict[str, Cause] = {}
        self._judged: Mapping[str, bool] | None = None
        """Which exchanges were open when all were looked at; None when something has changed since."""

    def replace(self, names: tuple[str, ...]) -> None:
        """All that there are from now on."""
        self.names, self._judged = names, None
        kept = frozenset(names)
        self._told = {name: cause for name, cause in self._told.items() if name in kept}

    def asked(self, names: frozenset[str]) -> None:
        """Those whose quotes are asked for with option chains from now on, whoever else brings them."""
        if names != self._asked:
            self._asked, self._judged = names, None

    def forget(self, names: Iterable[str]) -> set[str]:
        """Others have told something of these: those of them that are roomless are told anew, and returned."""
        found = set(names).intersection(self.names)
        for name in found:
            self._told.pop(name, None)
        self._judged = None if found else self._judged
        return found

    def changes(self, now_ns: int) -> dict[Cause, list[str]]:
        """What is to be told of whom, as it has not been told before."""
        codes = {name.partition(":")[0] for name in self._asked}
        is_open = {code: self._calendars.of_exchange(code).is_open(now_ns) for code in codes}
        if self._judged == is_open:
            return {}
        self._judged = is_open
        found: defaultdict[Cause, list[str]] = defaultdict(list)
        for name in self.names:
            cause = self._cause(name, is_open)
            if self._told.get(name) is not cause:
                self._told[name] = cause
                found[cause].append(name)
        return dict(found)

    def _cause(self, name: str, is_open: Mapping[str, bool]) -> Cause:
        if name not in self._asked:
            return Cause.NOT_CARRIED
        return Cause.FALLBACK if is_open[name.partition(":")[0]] else Cause.CLOSED
