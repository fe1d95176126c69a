"""The signature: by which a receiver knows that a delivery is ours, whole, and of now."""

import hmac
from typing import Final

VERSION: Final = "v1"


def signature_of(secret: str, timestamp_s: int, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a dot and the body, with the secret as it was shown; as ``v1=…`` in hex.

    A receiver computes the same, compares in constant time, and refuses timestamps that are minutes away.
    """
    digest = hmac.digest(secret.encode(), b"%d.%b" % (timestamp_s, body), "sha256")
    return f"{VERSION}={digest.hex()}"
