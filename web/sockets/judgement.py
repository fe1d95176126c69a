"""Judgement: what a client may follow of what it asks for, and in which words it is told otherwise."""

import msgspec

from engine.market.errors import SymbolError
from web.accounts.principal import Principal
from web.directory import Directory, DirectoryNotReadyError
from web.hub import NOTICES, Hub
from web.protocol import Channel, Code, Item, Kind, Outcome, Problem, RequestError
from web.sockets.permissions import permitted
from web.sockets.screeners import Own, Screeners
from web.sockets.shares import Shares

SUBSCRIPTIONS = 1000
"""Channels one client may follow at a time."""
OWN_ORDERS = "orders are told of the accounts that TICKTREE_ACCOUNT_OWNERS says are yours; of all, to administrators"

Wanted = tuple[Channel, str]
"""A channel as it is to be followed, and its instrument; empty where it is about none."""


class Judgement:
    """Looks at each item of a request by itself: one that can not be had keeps nobody from the others."""

    def __init__(self, hub: Hub, directory: Directory, screeners: Screeners) -> None:
        self._hub = hub
        self._directory = directory
        self._screeners = screeners

    def of(
        self,
        item: Item,
        principal: Principal | None,
        followed: int,
        shares: Shares | None = None,
        own: Own = frozenset(),
    ) -> tuple[Outcome, Wanted | None]:
        """What becomes of an item of a client that follows so many channels, has these shares of what is scarce, and has
        these screeners; what to follow when it may.
        """
        if item.channel is None:
            return Outcome(item.name, problem=item.problem), None
        try:
            if followed >= SUBSCRIPTIONS:
                text = f"at most {SUBSCRIPTIONS} channels at a time"
                raise _refusal(item.channel, Code.TOO_MANY_SYMBOLS, text)
            if shares is not None and (why := shares.why_not(item.channel)):
                raise _refusal(item.channel, Code.TOO_MANY_SYMBOLS, why)
            channel = permitted(item.channel, principal)
            if channel.kind is Kind.SCREENING:
                self._screeners.check(item.channel, own)
            instrument = self._instrument(channel)
        except RequestError as refusal:
            return Outcome(item.name, problem=refusal.problem), None
        note = OWN_ORDERS if channel.kind is Kind.ORDERS and channel.symbol else ""
        outcome = Outcome(item.name, instrument or None, status=self._hub.status_of(instrument), note=note)
        return outcome, (self._placed(channel, instrument), instrument)

    def _instrument(self, channel: Channel) -> str:
        """The instrument of a channel, empty where it is about none; RequestError when there is no such, or no price.

        Of a continuous future it is the contract in front; who subscribes again after a roll gets the next one.
        """
        if channel.kind in NOTICES or (channel.kind is Kind.STATUS and not channel.symbol):
            return ""
        # A chain is of what need be no instrument, as a commodity; the engine knows whether it runs.
        is_chain = channel.kind is Kind.CHAIN
        find = self._directory.underlying if is_chain else self._directory.resolve
        try:
            instrument = self._directory.front(find(channel.symbol))
        except SymbolError as error:
            raise _refusal(channel, Code.SYNTAX, str(error)) from error
        except DirectoryNotReadyError as error:
            raise _refusal(channel, Code.NOT_AVAILABLE, str(error), temporary=True) from error
        if not is_chain and self._directory.segment_key(instrument) is None:
            raise _refusal(channel, Code.NOT_AVAILABLE, f"no provider carries {instrument} now")
        return instrument

    def _placed(self, channel: Channel, instrument: str) -> Channel:
        """With the place of its price, where the client is told it."""
        if channel.kind is not Kind.SCREENER:
            return channel
        return msgspec.structs.replace(channel, place=self._directory.segment_key(instrument) or "")


def _refusal(channel: Channel, code: Code, message: str, *, temporary: bool = False) -> RequestError:
    return RequestError(Problem(code, message, temporary=temporary, symbol=channel.symbol))
