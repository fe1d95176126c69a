"""Where simulated and replayed data live: beside the real data, never in the same place."""

from urllib.parse import parse_qsl, urlencode, urlsplit


def simulated_redis(url: str) -> str:
    """The same server, one index higher: index 1 where the address names none."""
    return _higher(url, 1)


def replayed_redis(url: str) -> str:
    """The same server, two indexes higher."""
    return _higher(url, 2)


def _higher(url: str, by: int) -> str:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if "db" in query or parts.scheme == "unix":  # a socket's path is no index
        query["db"] = str(int(query.get("db", "0")) + by)
        return _join(parts.scheme, parts.netloc, parts.path, urlencode(query))
    index = int(parts.path.strip("/") or "0")
    return _join(parts.scheme, parts.netloc, f"/{index + by}", parts.query)


def simulated_database(url: str) -> str:
    """The same server, the database with ``_simulated`` after its name."""
    return _named(url, "_simulated")


def replayed_database(url: str) -> str:
    """The same server, the database with ``_replayed`` after its name."""
    return _named(url, "_replayed")


def _named(url: str, suffix: str) -> str:
    parts = urlsplit(url)
    name = parts.path.strip("/") or "ticktree"
    return _join(parts.scheme, parts.netloc, f"/{name}{suffix}", parts.query)


def _join(scheme: str, netloc: str, path: str, query: str) -> str:
    """An address from its parts; ``urlunsplit`` would drop the slashes of one without a host (socket folders)."""
    return f"{scheme}://{netloc}{path}" + (f"?{query}" if query else "")
