"""Addresses of servers: whether one can be connected to, as far as its text tells."""

import re
from urllib.parse import SplitResult, parse_qsl, urlsplit

LARGEST_PORT = 65_535
_HOST = re.compile(r"(?:\[[^\[\]]*]|[^\[\]:]*)(?::(?P<port>\d*))?")


def parts_of(address: str) -> SplitResult:
    """The parts of an address; raises ValueError when one of its hosts, or a port, can not be."""
    parts = urlsplit(address)
    hosts = parts.netloc.rpartition("@")[2].split(",")  # PostgreSQL takes several
    if not all(map(_is_host, hosts)):
        raise ValueError("no host")
    return parts


def is_endpoint(parts: SplitResult) -> bool:
    """Whether a path or a query can be put behind it."""
    return bool(parts.hostname) and not parts.query and not parts.path.endswith("/")


def is_redis(parts: SplitResult) -> bool:
    """Whether what stands where the index does is one; the path of a socket is none."""
    path = "" if parts.scheme == "unix" else parts.path.strip("/")
    indexes = [path, dict(parse_qsl(parts.query)).get("db", "")]
    return all(index.isdecimal() for index in indexes if index)


def _is_host(text: str) -> bool:
    found = _HOST.fullmatch(text)
    return found is not None and int(found["port"] or 1) <= LARGEST_PORT
