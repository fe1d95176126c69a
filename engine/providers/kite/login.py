"""Kite's daily login: what the account's owner brings back from Kite's page, exchanged for a day's access token."""

from datetime import datetime, time, timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

import msgspec

from engine.providers.base import Advice, ProviderError
from engine.providers.keyring import Credential
from engine.providers.kite.charts import INDIA, SECOND_NS
from engine.providers.kite.client import KiteClient
from engine.providers.secret import Secret

LOGIN_PAGE: Final = "https://kite.zerodha.com/connect/login"
API_SECRET: Final = "api_secret"  # noqa: S105 - what it is called
"""The name of the application's secret beside the token."""

_ENDS_AT: Final = time(6, tzinfo=INDIA)
_TIMEOUT_S: Final = 15.0


class _Session(msgspec.Struct):
    access_token: str


class _Answer(msgspec.Struct):
    data: _Session


def login_page(api_key: str) -> str:
    """Where the owner logs in; Kite then leads on to the application's own address, with ``request_token`` in it."""
    return f"{LOGIN_PAGE}?{urlencode({'v': 3, 'api_key': api_key})}"


async def log_in(
    rest_url: str,
    api_key: str,
    api_secret: Secret,
    request_token: Secret,
    *,
    now_ns: int,
    timeout_s: float = _TIMEOUT_S,
) -> Credential:
    """The credential until tomorrow morning. Raises ``ProviderError``; a request token serves once, for some minutes."""
    checksum = sha256(f"{api_key}{request_token.reveal()}{api_secret.reveal()}".encode()).hexdigest()
    form = {"api_key": api_key, "request_token": request_token.reveal(), "checksum": checksum}
    body = await KiteClient(rest_url, timeout_s=timeout_s).post("/session/token", form)
    try:
        session = msgspec.json.decode(body, type=_Answer).data
    except msgspec.MsgspecError:
        # without its cause: that quotes what it could not read
        raise ProviderError("Kite's answer to the login can not be read", advice=Advice.RETRY) from None
    return Credential(api_key, Secret(session.access_token), token_ends_ns(now_ns), {API_SECRET: api_secret})


def token_ends_ns(now_ns: int) -> int:
    """When a token made now ends: Kite forgets all of them at six in the morning, in India."""
    now = datetime.fromtimestamp(now_ns // SECOND_NS, INDIA)
    ends = datetime.combine(now.date(), _ENDS_AT)
    return int((ends if now < ends else ends + timedelta(days=1)).timestamp()) * SECOND_NS
