"""What Databento's refusals mean for us: of the gateway, in words and in codes, and of the historical ranges."""

from typing import Final

from engine.providers.base import Advice, ProviderError
from engine.providers.http_answers import http_advice

_CODES: Final = {  # not 4, which says that a symbol is unknown: the connection goes on for the others
    1: ("the key was refused", Advice.NEW_TOKEN),
    2: ("the key or its account is no longer active", Advice.NEW_TOKEN),
    3: ("too many connections", Advice.WAIT),
    5: ("the subscription can not be served", Advice.FIX_REQUEST),
    6: ("internal error", Advice.RETRY),
    7: ("it skipped records because we read too slowly", Advice.RETRY),
    8: ("the time to begin at is too long ago", Advice.RETRY),
}
_COOL_OFF_S: Final = 60.0
_WORDS: Final = (
    (("connection limit", "too many", "rate limit"), Advice.WAIT),
    (("entitle", "license", "not authorized", "no access", "subscription plan", "payment"), Advice.GIVE_UP),
    (("dataset", "encoding", "heartbeat", "compression", "malformed", "invalid parameter"), Advice.FIX_REQUEST),
    (("internal", "timed out", "timeout", "unavailable", "try again"), Advice.RETRY),
)


def gateway_failure(code: int, text: str) -> ProviderError | None:
    """The error for a code of the gateway's, after which it closes; ``None`` for one after which it goes on."""
    if code not in _CODES:
        return None
    reason, advice = _CODES[code]
    wait_s = _COOL_OFF_S if advice is Advice.WAIT else None
    return ProviderError(f"Databento: {reason} ({text})", advice=advice, wait_s=wait_s, code=str(code))


def login_failure(text: str) -> ProviderError:
    """The error for a refused login, which comes in words alone: nearly always it is the key."""
    told = text.lower()
    advice = next((advice for words, advice in _WORDS if any(word in told for word in words)), Advice.NEW_TOKEN)
    wait_s = _COOL_OFF_S if advice is Advice.WAIT else None
    return ProviderError(f"Databento refused the login: {text or 'without a word'}", advice=advice, wait_s=wait_s)


def http_failure(status: int, case: str | None = None, *, wait_s: float | None = None) -> ProviderError:
    """The error for a refused call; ``case`` is Databento's own name for it."""
    advice = Advice.GIVE_UP if status in (402, 403) else http_advice(status)
    detail = f"Databento answered HTTP {status}" + (f" ({case})" if case else "")
    return ProviderError(detail, advice=advice, wait_s=wait_s, code=case or str(status))


def is_unknown_symbol(error: ProviderError) -> bool:
    """Whether none of the symbols of a call is known; where some are, the call is answered for these."""
    return (error.code or "").startswith("symbology")
