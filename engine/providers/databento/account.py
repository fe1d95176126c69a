"""Where Databento is found: the real one, or a simulated exchange that speaks like it."""

from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

PORT: Final = 13_000


class DatabentoEndpoints(msgspec.Struct, frozen=True):
    """The addresses of the live gateway and of the historical ranges."""

    gateway_url: str = "tcp://{dataset}.lsg.databento.com:13000"
    """``{dataset}`` stands for the dataset, as in ``glbx-mdp3``: each has a gateway of its own."""
    rest_url: str = "https://hist.databento.com/v0"
    """Without a slash at its end."""

    def __post_init__(self) -> None:
        gateway, rest = _parts(self.gateway_url), _parts(self.rest_url)
        if gateway.scheme != "tcp" or not gateway.hostname or gateway.path:
            raise ValueError("the address of Databento's gateway is to look like tcp://host:13000")
        if rest.scheme not in ("https", "http") or not rest.hostname or rest.query or self.rest_url.endswith("/"):
            raise ValueError("the address of Databento's history is to look like https://host/v0")

    def gateway(self, dataset: str) -> tuple[str, int]:
        """Host and port of a dataset's gateway. The line is not encrypted; the key never travels over it."""
        parts = urlsplit(self.gateway_url.replace("{dataset}", dataset.replace(".", "-").lower()))
        return parts.hostname or "", parts.port or PORT


def _parts(url: str) -> SplitResult:
    return urlsplit(url.replace("{dataset}", "dataset"))


class RelayEndpoint(msgspec.Struct, frozen=True):
    """The address of the relay."""

    url: str = "wss://clitools.app/ws/databento"

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("wss", "ws") or not parts.hostname or parts.query:
            raise ValueError("the address of the relay is to look like wss://host/path")
