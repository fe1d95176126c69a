"""One-time codes: six digits of a seed and the time, as apps on phones show them (RFC 6238, as all of them do it).

``pyotp`` refuses seeds of 80 bits, which providers hand out all the same.
"""

import base64
import hmac
from typing import Final

PERIOD_S: Final = 30
"""So long one code serves."""
_DIGITS: Final = 6


def code_at(seed: str, at_s: float) -> str:
    """The code of that moment. ValueError: the seed is no base32 text."""
    key = base64.b32decode(seed + "=" * (-len(seed) % 8), casefold=True)
    digest = hmac.digest(key, (int(at_s) // PERIOD_S).to_bytes(8), "sha1")
    place = digest[-1] & 0xF
    number = int.from_bytes(digest[place : place + 4]) & 0x7FFF_FFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"
