"""Where simulated data lives: beside the real data, never in the same place."""

from urllib.parse import parse_qsl, urlencode, urlsplit


def simulated_redis(url: str) -> str:
    """The same server, one index higher: index 1 where the address names none."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if "db" in query or parts.scheme == "unix":  # a socket's path is no index
        query["db"] = str(int(query.get("db", "0")) + 1)
        return _join(parts.scheme, parts.netloc, parts.path, urlencode(query))
    index = int(parts.path.strip("/") or "0")
    return _join(parts.scheme, parts.netloc, f"/{index + 1}", parts.query)


def simulated_database(url: str) -> str:
    """The same server, the database with ``_simulated`` after its name."""
    parts = urlsplit(url)
    name = parts.path.strip("/") or "ticktree"
    return _join(parts.scheme, parts.netloc, f"/{name}_simulated", parts.query)


def _join(scheme: str, netloc: str, path: str, query: str) -> str:
    """An address from its parts; ``urlunsplit`` would drop the slashes of one without a host (socket folders)."""
    return f"{scheme}://{netloc}{path}" + (f"?{query}" if query else "")
