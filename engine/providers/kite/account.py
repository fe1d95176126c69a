"""How an account shows itself at Kite's doors, and where these are: the real ones, or a simulated exchange's."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from engine.providers.base import Advice, ProviderError
from engine.providers.keyring import Credential

VERSION: Final[Mapping[str, str]] = {"X-Kite-Version": "3"}
"""The header that every call and handshake carries."""

_LARGEST: Final = 512


class KiteEndpoints(msgspec.Struct, frozen=True):
    """The addresses of the ticker and of the REST calls."""

    feed_url: str = "wss://ws.kite.trade"
    rest_url: str = "https://api.kite.trade"
    """Without a slash at its end."""

    def __post_init__(self) -> None:
        _check("Kite's ticker", self.feed_url, ("wss", "ws"))
        _check("Kite's REST calls", self.rest_url, ("https", "http"))


def query_of(credential: Credential) -> dict[str, str | int]:
    """What the ticker wants to be told at the door."""
    api_key, token = _sendable(credential)
    return {"api_key": api_key, "access_token": token}


def headers_of(credential: Credential) -> dict[str, str]:
    """What every REST call carries."""
    api_key, token = _sendable(credential)
    return {**VERSION, "Authorization": f"token {api_key}:{token}"}


def _sendable(credential: Credential) -> tuple[str, str]:
    """API key and access token. Raises ``ProviderError`` for what can not stand in a header: whoever tried would quote it."""
    api_key, token = credential.identity, credential.token.reveal()
    for name, value in (("API key", api_key), ("access token", token)):
        if not 0 < len(value) <= _LARGEST or not all("!" <= character <= "~" for character in value):
            raise ProviderError(
                f"Kite's {name} is empty, too long, or holds a blank or another unprintable character: enter another",
                advice=Advice.NEW_TOKEN,
            )
    return api_key, token


def _check(what: str, url: str, schemes: tuple[str, ...]) -> None:
    address = urlsplit(url)
    if address.scheme not in schemes or not address.hostname or address.query or url.endswith("/"):
        raise ValueError(f"the address of {what} is to look like {schemes[0]}://host or {schemes[0]}://host/path")
