"""What Kite's names for trouble mean for us: one table for the ticker and the REST calls."""

from typing import Final

from engine.providers.base import Advice, ProviderError
from engine.providers.http_answers import http_advice

_COOL_OFF_S: Final = 60.0
"""How long the ticker wants to be left alone after too many connects."""
_BUSY_WAIT_S: Final = 2.0
"""What a 429 without a ``Retry-After`` is taken to mean: all limits count seconds."""

_KINDS: Final[dict[str, tuple[str, Advice]]] = {
    "TokenException": ("the access token is invalid or has ended", Advice.NEW_TOKEN),
    "PermissionException": ("the account has no access to this", Advice.GIVE_UP),
    "UserException": ("the account is not set up for this", Advice.GIVE_UP),
    "InputException": ("bad input", Advice.FIX_REQUEST),
    "DataException": ("an answer from behind Kite could not be understood", Advice.RETRY),
    "NetworkException": ("what is behind Kite could not be reached", Advice.RETRY),
    "GeneralException": ("failure without a name", Advice.RETRY),
}


def failure(status: int, kind: str | None = None, *, message: str = "", wait_s: float | None = None) -> ProviderError:
    """The error for an HTTP status, what Kite calls it, where it does, and what it says about it.

    Too many calls are told by the status alone: their kind is that of a broken network.
    """
    said = f": {message}" if message else ""
    if status == 429:
        wait_s = _BUSY_WAIT_S if wait_s is None else wait_s
        return ProviderError("Kite: too many requests (HTTP 429)", advice=Advice.WAIT, wait_s=wait_s, code="429")
    if kind not in _KINDS:
        detail = f"Kite answered HTTP {status}{said}"
        return ProviderError(detail, advice=http_advice(status), wait_s=wait_s, code=str(status))
    reason, advice = _KINDS[kind]
    return ProviderError(f"Kite: {reason} ({kind}, HTTP {status}){said}", advice=advice, wait_s=wait_s, code=kind)


def refused(status: int, retry_after_s: float | None) -> ProviderError:
    """The error for a handshake the ticker refused: nothing is told there but key and token, so nothing else is bad."""
    detail = f"Kite's ticker refused the handshake (HTTP {status})"
    if status in (400, 401, 403):
        return ProviderError(
            f"{detail}: API key or access token is wrong, or the token has ended",
            advice=Advice.NEW_TOKEN,
            code=str(status),
        )
    wait_s = max(_COOL_OFF_S, retry_after_s or 0.0) if status == 429 else retry_after_s
    return ProviderError(detail, advice=http_advice(status), wait_s=wait_s, code=str(status))
