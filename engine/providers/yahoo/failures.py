"""What Yahoo's refusals mean for us: one table for the feed and the REST calls."""

from typing import Final

from engine.providers.base import Advice, ProviderError
from engine.providers.http_answers import http_advice

COOL_OFF_S: Final = 300.0
"""How long Yahoo is left alone after it refused: it tells no limits, counts by address, and minutes are what helps."""

_BLOCKED: Final = (401, 403, 429, 999)
"""All of them mean "too much of you": there is no login that could be wrong. 999 is Yahoo's own."""
_EMPTY: Final = "Data doesn't exist for startDate"
"""How Yahoo says, as if it were an error, that nothing was traded in a range."""


class EmptyRangeError(ProviderError):
    """Yahoo's answer for a range without trades, which is no failure at all."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Yahoo has nothing: {reason}", advice=Advice.FIX_REQUEST)


def http_failure(status: int, retry_after_s: float | None = None, *, cool_off_s: float = COOL_OFF_S) -> ProviderError:
    """The error for a status of HTTP, of a call or of a handshake."""
    if status in _BLOCKED:
        wait_s = max(cool_off_s, retry_after_s or 0.0)
        detail = f"Yahoo refuses this address for a while (HTTP {status})"
        return ProviderError(detail, advice=Advice.WAIT, wait_s=wait_s, code=str(status))
    detail = f"Yahoo answered HTTP {status}"
    return ProviderError(detail, advice=http_advice(status), wait_s=retry_after_s, code=str(status))


def refusal(reason: str, status: int | None = None) -> ProviderError:
    """The error for a request that Yahoo explains it can not answer."""
    if reason.startswith(_EMPTY):
        return EmptyRangeError(reason)
    code = None if status is None else str(status)
    return ProviderError(f"Yahoo: {reason}", advice=Advice.FIX_REQUEST, code=code)
