"""The screen as it is served: one page under many addresses, files kept for ever, and nothing that is not of the build."""

import gzip
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import zstandard

from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.web.conftest import running_web
from tests.web.process import BEARER, Web
from tests.web.test_rest import problem
from web.routes.pages import PATHS
from web.screen import screen_in

pytestmark = pytest.mark.anyio

PAGE = b"<!doctype html><title>ticktree</title>" + b"<!-- room -->" * 200
SCRIPT = b"export const answer = 42;" * 500
PICTURE = bytes(range(256)) * 8
ADDRESSES = [path.replace("<path:rest>", "NSE:NIFTY/2026-11-26") for path in PATHS]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What Vite leaves behind, in small, in a folder with something that is nobody's business."""
    (tmp_path / "secret.js").write_text("secret")
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(PAGE)
    (folder / "assets" / "index-4x2.js").write_bytes(SCRIPT)
    (folder / "assets" / "index-4x2.css").write_bytes(b":root { --up: green }")
    (folder / "assets" / "mark-77a.png").write_bytes(PICTURE)
    (folder / "assets" / "notes.txt").write_text("not of the pages")
    return folder


@pytest.fixture
async def web(hot: HotStore, durable: DurableStore, built: Path) -> AsyncGenerator[Web]:
    async with running_web(hot, durable, pages=built) as process:
        yield process


@pytest.mark.parametrize("address", ADDRESSES)
async def test_every_address_of_the_screen_is_its_one_page(web: Web, address: str) -> None:
    page = await web.http.get(address)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.content == PAGE


async def test_no_page_is_kept_without_asking_and_asking_costs_nothing(web: Web) -> None:
    page = await web.http.get("/")
    assert "no-cache" in page.headers["Cache-Control"]
    again = await web.http.get("/", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await web.http.get("/", headers={"If-None-Match": 'W/"of-another-build"'})
    assert other.content == PAGE


async def test_the_policy_lets_a_page_do_what_it_needs_and_nothing_else(web: Web) -> None:
    page = await web.http.get("/chart/NSE:TCS")
    rules = dict(rule.split(" ", 1) for rule in page.headers["Content-Security-Policy"].split("; "))
    host = f"127.0.0.1:{web.port}"
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": f"'self' ws://{host} wss://{host}",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example; script-src *", "a b", "[::1", "x/y"])
async def test_a_host_that_is_none_changes_no_policy(web: Web, host: str) -> None:
    page = await web.http.get("/", headers={"Host": host})
    if page.status_code == 200:
        assert "connect-src 'self'; worker-src" in page.headers["Content-Security-Policy"]
    else:
        assert page.status_code == 400


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br, zstd", "zstd"), ("gzip, deflate", "gzip"), ("br", None), ("identity", None)],
)
async def test_a_file_comes_packed_as_the_browser_can_undo_it(web: Web, accepted: str, encoding: str | None) -> None:
    async with web.http.stream("GET", "/assets/index-4x2.js", headers={"Accept-Encoding": accepted}) as found:
        body = b"".join([part async for part in found.aiter_raw()])
    assert (found.status_code, found.headers.get("Content-Encoding")) == (200, encoding)
    assert found.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert found.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert found.headers["Vary"] == "Accept-Encoding"
    unpacked = {"gzip": gzip.decompress, "zstd": zstandard.decompress, None: bytes}[encoding](body)
    assert unpacked == SCRIPT
    assert int(found.headers["Content-Length"]) == len(body)


async def test_what_packing_does_not_shorten_comes_as_it_is(web: Web) -> None:
    found = await web.http.get("/assets/index-4x2.css", headers={"Accept-Encoding": "gzip, zstd"})
    assert "Content-Encoding" not in found.headers
    assert found.text == ":root { --up: green }"
    picture = await web.http.get("/assets/mark-77a.png")
    assert (picture.headers["Content-Type"], picture.content) == ("image/png", PICTURE)


@pytest.mark.parametrize(
    "address",
    [
        "/assets/index-of-yesterday.js",
        "/assets/notes.txt",
        "/assets/../index.html",
        "/assets/..%2f..%2fsecret.js",
        "/assets/%2e%2e/%2e%2e/secret.js",
        "/assets/..\\..\\secret.js",
        "/secret.js",
        "/charts",
    ],
)
async def test_there_is_nothing_beside_what_was_built(web: Web, address: str) -> None:
    await problem(await web.http.get(address), 404)


async def test_the_interface_stands_beside_the_pages(web: Web) -> None:
    assert (await web.http.get("/watchlists/", headers=BEARER)).headers["Content-Type"] == "application/json"
    assert "swagger-ui" in (await web.http.get("/docs")).text


async def test_before_it_is_built_each_page_says_how_to_build_it(
    hot: HotStore, durable: DurableStore, tmp_path: Path
) -> None:
    async with running_web(hot, durable, pages=tmp_path) as web:
        for address in ADDRESSES:
            page = await web.http.get(address)
            assert page.status_code == 200
            assert "Node.js 20" in page.text
            assert "make run" in page.text
            assert "The data here is simulated." in page.text
            for link in ("/health/ready", "/docs", "/redoc"):
                assert f'<a href="{link}">' in page.text
            assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        await problem(await web.http.get("/assets/index-4x2.js"), 404)


async def test_it_is_read_once(built: Path) -> None:
    first = screen_in(built)
    (built / "index.html").write_bytes(b"half a build")
    assert screen_in(built) is first
