"""Packing: longer answers are sent compressed to those who can undo it."""

import asyncio
import zlib
from typing import Final

import zstandard
from quart import Response, request
from quart.wrappers.response import DataBody

WORTH_BYTES: Final = 1_400
"""What fits into one packet anyway is not worth it."""
THREAD_BYTES: Final = 256 * 1024
"""More takes longer than others should wait for the loop: a millisecond."""
KINDS: Final = ("application/json", "application/msgpack", "application/vnd.apache.arrow", "text/")
SECRETS: Final = "/auth"
"""What is answered there is never packed: its length would tell of the secrets in it."""
ENCODINGS: Final = ("zstd", "gzip")
"""The better one first: of bars, zstd makes less in a quarter of the time."""


async def pack(response: Response) -> Response:
    """Compresses an answer in place. Those that are streamed are left alone: it would have to be collected first."""
    body = response.response
    if not isinstance(body, DataBody) or not _is_worth_it(response, body.data):
        return response
    response.vary.add("Accept-Encoding")
    encoding = _best()
    if encoding is None:
        return response
    small = len(body.data) < THREAD_BYTES
    packed = packed_as(encoding, body.data) if small else await asyncio.to_thread(packed_as, encoding, body.data)
    response.set_data(packed)
    response.headers["Content-Encoding"] = encoding
    return response


def packed_as(encoding: str, data: bytes) -> bytes:
    """In one of ``ENCODINGS``."""
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=1).compress(data)
    packer = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
    return packer.compress(data) + packer.flush()


def _is_worth_it(response: Response, data: bytes) -> bool:
    return (
        len(data) > WORTH_BYTES
        and "Content-Encoding" not in response.headers
        and response.headers.get("Content-Type", "").startswith(KINDS)
        and not request.path.startswith(SECRETS)
    )


def _best() -> str | None:
    """What the client likes best of what we can do; the better one where it has no preference."""
    wanted = request.accept_encodings
    liking = {encoding: float(wanted[encoding]) for encoding in ENCODINGS}
    found = max(ENCODINGS, key=lambda encoding: liking[encoding])
    return found if liking[found] > 0 else None
