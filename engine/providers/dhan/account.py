"""How an account shows itself to Dhan, and where Dhan is found: the real one, or a simulated exchange that speaks like it."""

from typing import Final
from urllib.parse import urlsplit

import msgspec

from engine.providers.base import Advice, ProviderError
from engine.providers.keyring import Credential, Keyring

_LARGEST_TOKEN: Final = 8192


def account_of(keyring: Keyring) -> Credential:
    """Client id and token as they are now. Raises ``ProviderError`` without any, and for what can be none."""
    credential = keyring.current
    for name, value in (("client id", credential.identity), ("token", credential.token.reveal())):
        # What can not stand in a header is quoted in full by the error of whoever tries: so nobody may try.
        if not 0 < len(value) <= _LARGEST_TOKEN or not all("!" <= character <= "~" for character in value):
            raise ProviderError(
                f"Dhan's {name} is empty, too long, or holds a blank or another unprintable character",
                advice=Advice.NEW_TOKEN,
            )
    return credential


class DhanEndpoints(msgspec.Struct, frozen=True):
    """The addresses of the live feed, of the REST calls, of the feed of twenty levels and of the order updates."""

    feed_url: str = "wss://api-feed.dhan.co"
    rest_url: str = "https://api.dhan.co/v2"
    """Without a slash at its end."""
    depth_url: str = "wss://depth-api-feed.dhan.co/twentydepth"
    orders_url: str = "wss://api-order-update.dhan.co"

    def __post_init__(self) -> None:
        _check("Dhan's feed", self.feed_url, ("wss", "ws"))
        _check("Dhan's REST calls", self.rest_url, ("https", "http"))
        _check("Dhan's depth feed", self.depth_url, ("wss", "ws"))
        _check("Dhan's order updates", self.orders_url, ("wss", "ws"))


def _check(what: str, url: str, schemes: tuple[str, ...]) -> None:
    address = urlsplit(url)
    if address.scheme not in schemes or not address.hostname or address.query or url.endswith("/"):
        raise ValueError(f"the address of {what} is to look like {schemes[0]}://host or {schemes[0]}://host/path")
