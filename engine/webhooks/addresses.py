"""Addresses: where a webhook may be. Who writes one must not reach through us what only we can reach."""

import socket
from collections.abc import Sequence
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import anyio
import anyio.to_thread

MOST_CHARACTERS: Final = 2_000
MOST_TRIED: Final = 3
"""Addresses of one name."""
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""Addresses of IPv4 within IPv6, which a gateway of the network opens."""

_GIVEN_OUT: Final = IPv6Network("2000::/3")
"""All of IPv6 that leads anywhere in the open internet; Python knows not all of the rest for what it is."""
_NOBODYS: Final = (IPv6Network("3fff::/20"), IPv4Network("192.88.99.0/24"))
"""For examples (RFC 9637), and what once was the next gateway to IPv6 (RFC 7526)."""


class AddressError(Exception):
    """The message says what is wrong with an address, to who wrote it."""


def check_url(url: str, *, to_private: bool) -> SplitResult:
    """The parts of an address that may be a webhook's, as far as it can be told without asking anybody. Raises AddressError."""
    schemes = ("https", "http") if to_private else ("https",)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise AddressError("it is no address") from None
    if len(url) > MOST_CHARACTERS or not all("!" <= character <= "~" for character in url):
        raise AddressError(f"at most {MOST_CHARACTERS} characters, none of them blank or beyond ASCII")
    if parts.scheme not in schemes or not host:
        raise AddressError(f"an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if parts.username is not None or parts.password is not None:
        raise AddressError("no name or password in the address: what is sent is signed")
    if not to_private and _is_private_literal(host):
        raise AddressError("no address of a private network")
    return parts


async def resolve(host: str, port: int, *, to_private: bool, threads: anyio.CapacityLimiter) -> list[str]:
    """The addresses of a host, to be connected to as they are: asked again, a name might mean others. Raises AddressError.

    In threads of its own: a name server that hangs holds one long after nobody waits any more.
    """
    look_up = partial(socket.getaddrinfo, host, port, proto=socket.IPPROTO_TCP)
    try:
        found = await anyio.to_thread.run_sync(look_up, abandon_on_cancel=True, limiter=threads)
    except (OSError, UnicodeError):
        raise AddressError("its name is not known") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise AddressError("its name is not known")
    if not to_private and not _all_public(addresses):
        raise AddressError("it is in a private network")
    return addresses[:MOST_TRIED]


def is_public(address: str) -> bool:
    """Whether anybody anywhere could connect to it; also of an address of IPv4 that is wrapped in one of IPv6."""
    found: Any = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = _wrapped(found)
        if inner is not None:
            return is_public(str(inner))
        if found not in _GIVEN_OUT:
            return False
    if any(found in network for network in _NOBODYS):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _all_public(addresses: Sequence[str]) -> bool:
    return all(is_public(address) for address in addresses)


def _is_private_literal(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not is_public(host)
    except ValueError:
        return False  # a name: it is looked up when something is sent


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
