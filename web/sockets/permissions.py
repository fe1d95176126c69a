"""Permissions: which channels a client may follow; every subscription is looked at, whatever was allowed before."""

import msgspec

from web.accounts.principal import READ, SCREENERS, Principal
from web.protocol import Channel, Code, Kind, Problem, RequestError

OPERATORS = frozenset({Kind.JOBS, Kind.SYS})
"""What only administrators may follow."""
PRIVATE = frozenset({Kind.ORDERS, Kind.ALERTS})
"""What belongs to somebody; ``Channel.symbol`` says to whom."""


def permitted(channel: Channel, principal: Principal | None) -> Channel:
    """The channel as this client may follow it: its own where there are several. RequestError 409 when it may not."""
    if principal is None or (channel.kind in OPERATORS and not principal.is_admin):
        raise _refusal(channel, "is for administrators")
    if channel.kind in PRIVATE:
        return _own(channel, principal)
    scope = SCREENERS if channel.kind in (Kind.SCREENER, Kind.SCREENING) else READ
    if channel.kind not in OPERATORS and scope not in principal.scopes:
        raise _refusal(channel, f"needs the scope {scope!r}")
    return _screening(channel, principal) if channel.kind is Kind.SCREENING else channel


def _screening(channel: Channel, principal: Principal) -> Channel:
    """Own screeners have numbers: whose it is stands before, so that others' are out of reach."""
    if not channel.symbol.isdigit():
        return channel
    if principal.kind != "user":
        raise _refusal(channel, "belongs to an account: sign in to one")
    return msgspec.structs.replace(channel, symbol=f"{principal.subject}:{channel.symbol}")


def _own(channel: Channel, principal: Principal) -> Channel:
    """An administrator's are those of the installation: its alerts, and the orders of its accounts; others' their own."""
    if not channel.symbol and principal.is_admin:
        return channel
    if not principal.account:
        raise _refusal(channel, "belongs to somebody: sign in first")
    if READ not in principal.scopes:
        raise _refusal(channel, f"needs the scope {READ!r}")
    if channel.symbol not in ("", principal.account):
        raise _refusal(channel, "belongs to somebody else")
    return msgspec.structs.replace(channel, symbol=principal.account)


def _refusal(channel: Channel, why: str) -> RequestError:
    name = channel.name
    return RequestError(Problem(Code.NOT_ALLOWED, f"{name[:80]} {why}", symbol=channel.symbol or None, channel=name))
