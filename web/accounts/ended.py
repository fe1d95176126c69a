"""What has ended: the sessions whose tokens would still be good, and who wants to hear of each end."""

from collections.abc import Callable

from engine.storage.hot import EndedKind

KEY_S = 60.0
"""Twice as long as a ticket lives."""

Closing = Callable[[str], None]
"""Is told the id of a session or key that has ended; perhaps more than once."""


class EndedSessions:
    """Sessions, each remembered until no token of it can be good any more.

    Keys are looked up anew after their end, and so remembered only until the tickets they opened have expired.
    """

    def __init__(self, remember_s: float) -> None:
        self.ready = False
        """Whether it has been read what ended before this process began."""
        self.remember_s = remember_s
        self._until_s: dict[str, float] = {}
        self._closings: list[Closing] = []

    def __contains__(self, session: str) -> bool:
        return session in self._until_s

    def __len__(self) -> int:
        return len(self._until_s)

    def on_end(self, closing: Closing) -> None:
        """Asks to be told of each end as soon as it is known here."""
        self._closings.append(closing)

    def note(self, kind: EndedKind, name: str, ended_s: float) -> None:
        """A session or key has ended at that time, unix seconds."""
        if kind == "sid" and name in self._until_s:
            return
        self._until_s[name] = ended_s + (self.remember_s if kind == "sid" else KEY_S)
        for closing in self._closings:
            closing(name)

    def forget(self, now_s: float) -> None:
        """Forgets those whose tokens have expired by themselves."""
        self._until_s = {session: until_s for session, until_s in self._until_s.items() if until_s > now_s}
