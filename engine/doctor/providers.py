"""How the provider can be reached: its names, its ports, its certificates, and whether its token still lives."""

import asyncio
import base64
import binascii
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import msgspec

from config.settings import Settings
from engine.doctor.finding import Finding, note, well, wrong
from engine.providers.databento.account import DatabentoEndpoints
from engine.providers.databento.symbols import DATASETS

PATIENCE_S = 5.0
_NO_DHAN_TOKEN = note(
    "dhan token", "is not in DHAN_ACCESS_TOKEN: `ticktree credentials set dhan` or the page Credentials takes one."
)
_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}


class _Claims(msgspec.Struct):
    exp: float


async def provider_findings(settings: Settings) -> AsyncIterator[Finding]:
    """The endpoints of each provider that is on."""
    if settings.simulated and settings.simulator_feed_url is None:
        yield well("provider", "is the simulated exchange, which `ticktree run` starts by itself.")
    for name, url in _endpoints(settings):
        yield await _reached(name, url)
    if "yahoo" in settings.providers:
        yield note(
            "yahoo", "promises nothing: an unofficial service, that may be late, lack trades, or refuse for minutes."
        )
    if "databento" in settings.providers and not settings.databento_api_key:
        yield note("databento key", "is not set: put it into DATABENTO_API_KEY, or enter it as an operator.")
    if "dhan" in settings.providers:
        given = settings.dhan_access_token
        yield _NO_DHAN_TOKEN if given is None else token_finding(given.get_secret_value(), time.time())
    if "kite" in settings.providers:
        yield kite_token_finding(is_set=settings.kite_access_token is not None)


def _endpoints(settings: Settings) -> Iterator[tuple[str, str]]:
    if "dhan" in settings.providers:
        yield "dhan feed", settings.dhan_feed_url
        yield "dhan rest", settings.dhan_rest_url
    if "yahoo" in settings.providers:
        yield "yahoo feed", settings.yahoo_feed_url
        yield "yahoo rest", settings.yahoo_rest_url
    if "databento" in settings.providers:
        endpoints = DatabentoEndpoints(settings.databento_gateway_url, settings.databento_rest_url)
        for dataset in sorted(set(DATASETS.values())):
            host, port = endpoints.gateway(dataset)
            yield f"databento {dataset}", f"tcp://{host}:{port}"
        yield "databento rest", settings.databento_rest_url
    if "databento_relay" in settings.providers:
        yield "databento relay", settings.databento_relay_url
    if "kite" in settings.providers:
        yield "kite feed", settings.kite_feed_url
        yield "kite rest", settings.kite_rest_url
    if settings.simulated and settings.simulator_feed_url and settings.simulator_rest_url:
        yield "simulated feed", settings.simulator_feed_url
        yield "simulated rest", settings.simulator_rest_url


async def _reached(name: str, url: str) -> Finding:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    secure = ssl.create_default_context() if parts.scheme in {"wss", "https"} else None
    try:
        async with asyncio.timeout(PATIENCE_S):
            _, writer = await asyncio.open_connection(host, port, ssl=secure)
    except socket.gaierror:
        return wrong(name, f"the name {host} can not be resolved: check the network and its DNS.")
    except ssl.SSLCertVerificationError as error:
        return wrong(name, f"the certificate of {host} is not trusted: {error.verify_message}.")
    except TimeoutError:
        return wrong(name, f"{host}:{port} did not answer within {PATIENCE_S:g} s: check the firewall.")
    except OSError as error:
        return wrong(name, f"{host}:{port} can not be reached: {error.strerror or error}.")
    writer.close()
    return well(name, f"{host}:{port} can be reached{' and its certificate is trusted' if secure else ''}.")


def token_finding(token: str, now_s: float) -> Finding:
    """How long the access token lives, as far as it says so itself."""
    try:
        payload = token.split(".")[1]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Claims)
    except (IndexError, binascii.Error, msgspec.MsgspecError):
        return note("dhan token", "does not say how long it lives.")
    hours = (claims.exp - now_s) / 3600
    if hours <= 0:
        return wrong(
            "dhan token",
            f"ended {-hours:.1f} hours ago: put a new one into DHAN_ACCESS_TOKEN, or enter it on the page Credentials.",
        )
    return well("dhan token", f"lives for another {hours:.1f} hours.")


def kite_token_finding(*, is_set: bool) -> Finding:
    """Kite's token does not say how long it lives, but all of them end at the same hour."""
    if is_set:
        return note("kite token", "ends at six in the morning in India: enter a new one each day.")
    return note("kite token", "is not in KITE_ACCESS_TOKEN: it has to be entered while the engine runs.")
