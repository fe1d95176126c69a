"""Dhan's login without a browser: a token for a PIN and a one-time code. The package's own call would log both."""

from typing import Final

import msgspec
import trio

from engine.providers.base import Advice, ProviderError
from engine.providers.http_answers import http_advice, retry_after_s
from engine.providers.secret import Secret

AUTH_URL: Final = "https://auth.dhan.co"
TIMEOUT_S: Final = 15.0
LEAST_WAIT_S: Final = 130.0
"""Dhan makes one token in two minutes; a code that was refused is refused again until the next one."""


class _Answer(msgspec.Struct, rename="camel"):
    access_token: str


async def token_for(client_id: str, pin: Secret, code: str, *, auth_url: str = AUTH_URL) -> Secret:
    """A token for a day. Raises ``ProviderError``, which shows neither the PIN nor the code."""
    import httpx  # noqa: PLC0415 - 0.2 s, 12 MB

    query = {"dhanClientId": client_id, "pin": pin.reveal(), "totp": code}
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S) as http:
            with trio.fail_after(TIMEOUT_S):
                answer = await http.post(f"{auth_url}/app/generateAccessToken", params=query)
    except trio.TooSlowError as error:
        raise ProviderError(f"Dhan's login did not answer within {TIMEOUT_S:g} s") from error
    except httpx.HTTPError as error:
        # without its cause: that names the address, in which the PIN stands
        raise ProviderError(f"Dhan's login can not be reached: {type(error).__name__}") from None
    if not answer.is_success:
        advice, wait_s = http_advice(answer.status_code), retry_after_s(answer.headers.get("Retry-After"))
        raise ProviderError(
            f"Dhan's login answered HTTP {answer.status_code}", advice=advice, wait_s=max(LEAST_WAIT_S, wait_s or 0.0)
        )
    try:
        return Secret(msgspec.json.decode(answer.content, type=_Answer).access_token)
    except msgspec.MsgspecError:
        # Dhan refuses with 200, too; without its cause: that quotes what it could not read
        raise ProviderError(
            "Dhan's login gave no token: client id, PIN and seed are to be looked at",
            advice=Advice.FIX_REQUEST,
            wait_s=LEAST_WAIT_S,
        ) from None
