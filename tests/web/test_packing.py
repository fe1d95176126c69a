"""Packing: whoever can undo it gets long answers compressed, and nobody else; streams are left alone."""

import gzip
from collections.abc import AsyncIterator

import pytest
import zstandard
from quart import Quart, Response

from web.packing import WORTH_BYTES, pack

pytestmark = pytest.mark.anyio

LONG = b'{"close": 1.5}' * WORTH_BYTES


@pytest.fixture
def app() -> Quart:
    app = Quart("test", static_folder=None)
    app.after_request(pack)

    @app.get("/<kind>")
    async def _answer(kind: str) -> Response:
        bodies = {"short": b"{}", "long": LONG, "huge": LONG * 30, "picture": LONG}
        return Response(bodies[kind], content_type="image/png" if kind == "picture" else "application/json")

    @app.get("/auth/me")
    async def _secret() -> Response:
        return Response(LONG, content_type="application/json")

    @app.get("/stream")
    async def _stream() -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield LONG
            yield LONG

        return Response(parts(), content_type="application/json")

    return app


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("*", "zstd"),
        ("gzip;q=1, zstd;q=0.1", "gzip"),
        ("zstd;q=0, gzip;q=0.1", "gzip"),
        ("br", None),
        ("identity", None),
        ("gzip;q=0", None),
        ("", None),
    ],
)
@pytest.mark.parametrize(("path", "plain"), [("/long", LONG), ("/huge", LONG * 30)])
async def test_the_client_decides(app: Quart, path: str, plain: bytes, accepted: str, encoding: str | None) -> None:
    answered = await app.test_client().get(path, headers={"Accept-Encoding": accepted})
    body = await answered.get_data(as_text=False)
    assert (answered.headers.get("Content-Encoding"), answered.headers["Vary"]) == (encoding, "Accept-Encoding")
    assert int(answered.headers["Content-Length"]) == len(body)
    unpacked = {"gzip": gzip.decompress, "zstd": zstandard.decompress, None: bytes}[encoding](body)
    assert unpacked == plain
    assert encoding is None or len(body) < len(plain) / 10


@pytest.mark.parametrize("path", ["/short", "/picture", "/stream", "/auth/me"])
async def test_what_is_short_packed_already_secret_or_streamed_is_left_as_it_is(app: Quart, path: str) -> None:
    answered = await app.test_client().get(path, headers={"Accept-Encoding": "gzip, zstd"})
    assert "Content-Encoding" not in answered.headers
    assert "Vary" not in answered.headers
