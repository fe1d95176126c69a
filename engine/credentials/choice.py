"""The choice among a provider's credentials, and when to remind an operator that the chosen one ends."""

from collections.abc import Iterable
from typing import Final

from engine.credentials.entered import TOKEN, Entered
from engine.providers.keyring import Credential

NS_PER_S: Final = 1_000_000_000
REMINDERS_S: Final = (86_400.0, 7_200.0, 900.0, 0.0)
"""Before the end."""
_WORDS: Final = {86_400.0: "within 24 hours", 7_200.0: "within 2 hours", 900.0: "within 15 minutes"}


def newest(candidates: Iterable[Entered], now_ns: int) -> Entered | None:
    """The one that was entered last of those that have not ended; of all, where every one has."""
    found = sorted((one for one in candidates if one.kind == "token"), key=lambda one: one.at_ns, reverse=True)
    return next((one for one in found if not has_ended(one, now_ns)), found[0] if found else None)


def has_ended(credential: Entered, now_ns: int) -> bool:
    return credential.expires_ns is not None and credential.expires_ns <= now_ns


def credential_of(chosen: Entered) -> Credential:
    """As the keyring holds it."""
    more = {name: part for name, part in chosen.parts.items() if name != TOKEN}
    return Credential(chosen.identity, chosen.parts[TOKEN], chosen.expires_ns, more)


class Reminder:
    """Says once each that the credential of one provider ends soon, sooner, very soon, and that it has ended."""

    def __init__(self) -> None:
        self._expires_ns: int | None = None
        self._told_s = float("inf")

    def begin(self, expires_ns: int | None, now_ns: int, *, is_fresh: bool) -> None:
        """Another credential. Of one that somebody has just entered nobody is told at once when it ends."""
        self._expires_ns = expires_ns
        left_s = float("inf") if expires_ns is None else (expires_ns - now_ns) / NS_PER_S
        self._told_s = min((s for s in REMINDERS_S if left_s <= s), default=float("inf")) if is_fresh else float("inf")

    def due(self, now_ns: int) -> str | None:
        """What is to be told now, where anything is."""
        if self._expires_ns is None:
            return None
        left_s = (self._expires_ns - now_ns) / NS_PER_S
        reached_s = min((seconds for seconds in REMINDERS_S if left_s <= seconds), default=float("inf"))
        if reached_s >= self._told_s:
            return None
        self._told_s = reached_s
        return f"ends {_WORDS[reached_s]}" if reached_s else "has ended"
