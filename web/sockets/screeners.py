"""Screeners by their ids, as sockets know them: those that are configured, and a user's own."""

from collections.abc import Collection

from engine.storage.durable.screeners import OwnScreeners
from engine.storage.errors import StorageError
from web.protocol import Channel, Code, Kind, Problem, RequestError, Subscribe

Own = frozenset[str] | None
"""The own ones of who asks, among those that were asked for; None: the database did not answer."""


class Screeners:
    """Who asks to hear of the runs of one that there is not is told so, instead of hearing nothing for ever."""

    def __init__(self, configured: Collection[str], table: OwnScreeners) -> None:
        self._configured = sorted(configured)
        self._table = table

    async def own(self, user: str, numbers: Collection[int]) -> Own:
        """Which of these numbers are of the user's screeners."""
        try:
            return frozenset(map(str, await self._table.among(user, sorted(numbers))))
        except StorageError:
            return None

    def check(self, channel: Channel, own: Own) -> None:
        """RequestError where a channel of runs, as it was asked for, is of no screener of who asks."""
        identity = channel.symbol
        if not identity.isdigit():
            if identity not in self._configured:
                raise _refusal(channel, f"there is no screener {identity!r}: {', '.join(self._configured)}")
        elif own is None:
            raise _refusal(channel, "your screeners can not be looked up now", temporary=True)
        elif identity not in own:
            raise _refusal(channel, f"you have no screener {identity}")


def numbers_of(command: Subscribe) -> set[int]:
    """The numbers of own screeners that are asked for."""
    channels = [item.channel for item in command.items if item.channel is not None]
    return {int(one.symbol) for one in channels if one.kind is Kind.SCREENING and one.symbol.isdigit()}


def _refusal(channel: Channel, message: str, *, temporary: bool = False) -> RequestError:
    return RequestError(Problem(Code.NOT_AVAILABLE, message, temporary=temporary, symbol=channel.symbol))
