"""Addresses: from where somebody asks, past the proxies that are ours, and whom a limit counts as one."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

_HOME_BITS = 64
"""Of an IPv6 address: what one household or host is given; it may change the rest with every request."""


def client_address(peer: str, forwarded: Sequence[str], hops: int) -> str:
    """The client's address as the outermost of our proxies wrote it down; ``peer`` is the connection's.

    Each of ``hops`` proxies has appended one to ``X-Forwarded-For`` (``forwarded``, in their order); what stands before
    was written by the client itself. With fewer than that the request came past our proxies.
    """
    written = [part.strip() for line in forwarded for part in line.split(",")]
    if not 0 < hops <= len(written):
        return peer
    found = _address(written[-hops])
    return peer if found is None else str(found)


def limit_key(address: str) -> str:
    """Addresses that a limit counts together have the same."""
    found = _address(address)
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> _HOME_BITS << _HOME_BITS)}/{_HOME_BITS}"


def _address(text: str) -> IPv4Address | IPv6Address | None:
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    if host.count(":") == 1:  # IPv4 with a port
        host = host.partition(":")[0]
    try:
        return ip_address(host)
    except ValueError:
        return None
