"""One-time codes: six digits of a seed and the time, as apps on phones show them."""

from typing import Final

PERIOD_S: Final = 30
"""So long one code serves."""


def code_at(seed: str, at_s: float) -> str:
    """The code of that moment. ValueError: the seed is no base32 text."""
    from pyotp.totp import TOTP  # noqa: PLC0415 - seldom needed

    return TOTP(seed, interval=PERIOD_S).at(int(at_s))
