"""What an HTTP answer tells beside its body, for any provider: what to do about a status, and how long to wait."""

import re
from typing import Final

from engine.providers.base import Advice

_SECONDS: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")


def http_advice(status: int) -> Advice:
    """What to do about a status that came without a name of the provider's own."""
    match status:
        case 401 | 403:
            return Advice.NEW_TOKEN
        case 429:
            return Advice.WAIT
        case 408:
            return Advice.RETRY
        case _ if 400 <= status < 500:
            return Advice.FIX_REQUEST
        case _:
            return Advice.RETRY


def retry_after_s(header: str | None) -> float | None:
    """Seconds of a ``Retry-After`` header, where it gives any."""
    seconds = _SECONDS.fullmatch((header or "").strip())
    return float(seconds[0]) if seconds else None
