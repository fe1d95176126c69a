"""Notices: what a provider tells of orders on a socket of its own, beside its feed."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from engine.providers.base import Notification


class NoticeConnection(Protocol):
    """One open socket."""

    async def receive(self) -> Notification:
        """What comes next; raises ``ProviderError`` when the connection has ended or fallen silent."""
        ...


class Notices(Protocol):
    """Where a provider tells of orders. It holds no connection; whoever opened one opens the next one, too."""

    @property
    def name(self) -> str: ...

    def connect(self) -> AbstractAsyncContextManager[NoticeConnection]:
        """A connection that is logged in; failing to open it raises ``ProviderError``."""
        ...
