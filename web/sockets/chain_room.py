"""The room for chains: how many option chains a client may follow, and all clients of an account together."""

from collections.abc import Iterable
from typing import Final

from web.hub import Outbox
from web.protocol import Kind

CHAINS: Final = 8
"""Of one client: the engine reckons a limited number for everybody, and each is to have its share."""
TOGETHER: Final = 16
"""Of all clients of a user, a key or an address of the public feed, in one process; what several follow counts once."""


class ChainRoom:
    """What a client and its fellows follow, while one of its requests is judged."""

    def __init__(self, outbox: Outbox, fellows: Iterable[Outbox]) -> None:
        self._own = _chains(outbox)
        self._fellows = set[str]().union(*map(_chains, fellows))

    def why_not(self, name: str) -> str:
        """Why there is no room for a chain, by its channel's name; empty where there is, or where it is followed already."""
        if name not in self._own and len(self._own) >= CHAINS:
            return f"at most {CHAINS} option chains at a time"
        together = self._own | self._fellows
        if name not in together and len(together) >= TOGETHER:
            return f"at most {TOGETHER} option chains at a time on all sockets of an account or address"
        return ""

    def take(self, name: str) -> None:
        """It is to be followed from now on."""
        self._own.add(name)


def _chains(outbox: Outbox) -> set[str]:
    return {channel.name for channel in outbox.channels if channel.kind is Kind.CHAIN}
