"""What has ended: the sessions and keys whose tokens would still be good."""

from collections.abc import Callable

Closing = Callable[[str], None]
"""Is told the id of a session or key that has just ended."""


class EndedSessions:
    """Ids of sessions and keys, each remembered until no token of it can be good any more."""

    def __init__(self, remember_s: float) -> None:
        self._remember_s = remember_s
        self._until_s: dict[str, float] = {}
        self._closings: list[Closing] = []

    def __contains__(self, session: str) -> bool:
        return session in self._until_s

    def __len__(self) -> int:
        return len(self._until_s)

    def on_end(self, closing: Closing) -> None:
        """Asks to be told of each end, once, as soon as it is known here."""
        self._closings.append(closing)

    def note(self, session: str, now_s: float) -> None:
        """A session or key has ended; ``now_s`` in unix seconds."""
        if session in self._until_s:
            return
        self._until_s[session] = now_s + self._remember_s
        for closing in self._closings:
            closing(session)

    def forget(self, now_s: float) -> None:
        """Forgets those whose tokens have expired by themselves."""
        self._until_s = {session: until_s for session, until_s in self._until_s.items() if until_s > now_s}
