"""Shares: how much a client may follow of what the engine has little of, and all clients of an account together."""

from collections.abc import Iterable
from typing import Final

import msgspec

from web.hub import Outbox
from web.protocol import Channel, Kind


class Share(msgspec.Struct, frozen=True):
    """How many channels of one kind there may be: of one client, and of all clients of a user, a key or an address of the
    public feed, in one process; what several follow counts once.
    """

    noun: str
    """Of several, for who asks for more."""
    client: int
    together: int


SHARES: Final = {Kind.CHAIN: Share("option chains", 8, 16), Kind.DEPTH: Share("depths", 16, 32)}
"""The engine reckons a limited number of chains for everybody, and providers show a limited number of depths."""


class Shares:
    """What a client and its fellows follow of these kinds, while one of its requests is judged."""

    def __init__(self, outbox: Outbox, fellows: Iterable[Outbox]) -> None:
        self._own = _limited(outbox)
        self._fellows = set[Channel]().union(*map(_limited, fellows))

    def why_not(self, channel: Channel) -> str:
        """Why there is no room for a channel; empty where there is, or where it is followed already."""
        share = SHARES.get(channel.kind)
        if share is None:
            return ""
        together = self._own | self._fellows
        if channel not in self._own and _count(self._own, channel.kind) >= share.client:
            return f"at most {share.client} {share.noun} at a time"
        if channel not in together and _count(together, channel.kind) >= share.together:
            return f"at most {share.together} {share.noun} at a time on all sockets of an account or address"
        return ""

    def take(self, channel: Channel) -> None:
        """It is to be followed from now on."""
        if channel.kind in SHARES:
            self._own.add(channel)


def _limited(outbox: Outbox) -> set[Channel]:
    return {channel for channel in outbox.channels if channel.kind in SHARES}


def _count(channels: Iterable[Channel], kind: Kind) -> int:
    return sum(channel.kind is kind for channel in channels)
