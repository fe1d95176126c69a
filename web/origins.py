"""Origins: whether a page that asks is one of ours."""

from collections.abc import Set as AbstractSet
from urllib.parse import urlsplit


def is_ours(origin: str, host: str, allowed: AbstractSet[str]) -> bool:
    """Whether a page of that ``Origin`` was served at the ``Host`` it asks now, or is allowed by name."""
    return origin in allowed or (bool(host) and urlsplit(origin).netloc.lower() == host.lower())
