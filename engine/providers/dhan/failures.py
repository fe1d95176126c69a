"""What Dhan's many names for trouble mean for us: one table for the feed and the REST calls."""

from typing import Final

from engine.providers.base import Advice, ProviderError
from engine.providers.http_answers import http_advice

_COOL_OFF_S: Final = 60.0
"""How long Dhan wants to be left alone after too many connects; attempts before that make it worse."""

_REASONS: Final[dict[str, tuple[str, Advice]]] = {
    "800": ("internal server error", Advice.RETRY),
    "804": ("too many instruments in one request", Advice.FIX_REQUEST),
    "805": ("too many requests or connections", Advice.WAIT),
    "806": ("the account has no data subscription", Advice.GIVE_UP),
    "807": ("the access token has expired", Advice.NEW_TOKEN),
    "808": ("client id or access token was refused", Advice.NEW_TOKEN),
    "809": ("the access token is invalid", Advice.NEW_TOKEN),
    "810": ("the client id is invalid", Advice.GIVE_UP),
    "811": ("invalid expiry", Advice.FIX_REQUEST),
    "812": ("invalid date format", Advice.FIX_REQUEST),
    "813": ("invalid security id", Advice.FIX_REQUEST),
    "814": ("invalid request", Advice.FIX_REQUEST),
    "DH-901": ("client id or access token is invalid or expired", Advice.NEW_TOKEN),
    "DH-902": ("the account has no access to this", Advice.GIVE_UP),
    "DH-903": ("the account is not set up for this", Advice.GIVE_UP),
    "DH-904": ("too many requests", Advice.WAIT),
    "DH-905": ("bad input", Advice.FIX_REQUEST),
    "DH-906": ("bad order", Advice.FIX_REQUEST),
    "DH-907": ("no data", Advice.FIX_REQUEST),
    "DH-908": ("internal server error", Advice.RETRY),
    "DH-909": ("network error inside Dhan", Advice.RETRY),
    "DH-910": ("failure without a name", Advice.RETRY),
}
_UNKNOWN: Final = ("unknown reason", Advice.RETRY)

NO_DATA: Final = "DH-907"
"""Dhan's answer for a range without trades, which is no failure at all."""


def failure(code: str, *, wait_s: float | None = None) -> ProviderError:
    """The error for one of Dhan's codes (``805``, ``DH-904``); an unknown one is worth another try."""
    reason, advice = _REASONS.get(code, _UNKNOWN)
    if advice is Advice.WAIT and wait_s is None and code == "805":
        wait_s = _COOL_OFF_S
    return ProviderError(f"Dhan: {reason} (code {code})", advice=advice, wait_s=wait_s, code=code)


def http_failure(status: int, *, wait_s: float | None = None) -> ProviderError:
    """The error for an HTTP status that came without a code of Dhan's."""
    advice = http_advice(status)
    return ProviderError(f"Dhan answered HTTP {status}", advice=advice, wait_s=wait_s, code=str(status))


def handshake_failure(status: int, *, retry_after_s: float | None = None) -> ProviderError:
    """The error for a refused WebSocket handshake; a 429 there means a client that is blocked for a while."""
    wait_s = max(_COOL_OFF_S, retry_after_s or 0.0) if status == 429 else retry_after_s
    return http_failure(status, wait_s=wait_s)
