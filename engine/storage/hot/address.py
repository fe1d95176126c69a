"""What an address of Redis says: everything redis-py takes from it, looked at before anything is connected."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from redis.asyncio.connection import parse_url

from engine.storage.errors import HotStoreError

_CHECKS = ("none", "optional", "required")
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_KNOWN = frozenset(
    {
        *("connection_class", "host", "port", "path", "db", "username", "password"),
        *("ssl_cert_reqs", "ssl_check_hostname", "ssl_min_version", "ssl_ca_path", *_FILES),
        *("socket_timeout", "socket_connect_timeout", "socket_keepalive", "health_check_interval", "client_name"),
    }
)


def read_address(url: str) -> dict[str, Any]:
    """The settings of a connection. HotStoreError, without a password in it, for one that could not be made."""
    try:
        settings: dict[str, Any] = dict(parse_url(url))
    except ValueError:
        raise HotStoreError(
            "REDIS_URL is no address: expected redis://[user:password@]host:port/index, rediss://… or unix://…"
        ) from None  # the cause may quote the password
    _check(settings)
    if "ssl_cert_reqs" in settings:
        settings["ssl_cert_reqs"] = _how_certificates_are_checked(settings["ssl_cert_reqs"])
    return settings


def _check(settings: Mapping[str, Any]) -> None:
    for name in sorted(settings.keys() - _KNOWN):
        raise HotStoreError(f"REDIS_URL has an unknown option: {name}.")
    for name in _FILES:
        if name in settings and not Path(settings[name]).is_file():
            raise HotStoreError(f"REDIS_URL: {name}: expected a file, there is none of this name.")


def _how_certificates_are_checked(written: str) -> str:
    """Platforms write it as Python's constants are called, too: CERT_NONE."""
    check = written.lower().removeprefix("cert_")
    if check not in _CHECKS:
        raise HotStoreError(f"REDIS_URL: ssl_cert_reqs: expected {', '.join(_CHECKS)}.")
    return check
