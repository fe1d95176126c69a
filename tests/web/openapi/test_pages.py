"""The pages that show the interface: all they load comes from here, and no script of anybody else may run."""

import re

import pytest

from tests.web.process import Web
from tests.web.test_rest import problem
from web.openapi.assets import FOREIGN_LOGO, NAMES, NO_LOGO, asset

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("path", "names"),
    [("/docs", {"swagger-ui.css", "swagger-ui.js", "swagger-start.js"}), ("/redoc", {"redoc.js"})],
)
async def test_a_page_loads_its_files_from_here_and_nothing_else(web: Web, path: str, names: set[str]) -> None:
    page = await web.http.get(path)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "<script>" not in page.text, "the policy lets no script of the page itself run"
    addresses = set(re.findall(r'(?:src|href)="([^"]+)"', page.text)) - {"data:,"}
    assert {address.rpartition("/")[2] for address in addresses} == names
    for address in addresses:
        assert address.startswith("/assets/")
        found = await web.http.get(address)
        assert (found.status_code, found.headers["Content-Encoding"]) == (200, "gzip")
        assert found.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert found.headers["Vary"] == "Accept-Encoding"
        assert found.content == asset(address.rpartition("/")[2]).plain


@pytest.mark.parametrize("name", NAMES)
async def test_who_can_not_unpack_gets_a_file_as_it_is(web: Web, name: str) -> None:
    address = f"/assets/{asset(name).digest}/{name}"
    plain = await web.http.get(address, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.content == asset(name).plain


async def test_another_versions_address_has_no_file(web: Web) -> None:
    for address in (
        "/assets/0000000000000000/redoc.js",
        "/assets/x/../site.py",
        f"/assets/{asset('redoc.js').digest}/x",
    ):
        await problem(await web.http.get(address), 404)


async def test_no_picture_is_asked_of_redocs_makers() -> None:
    assert FOREIGN_LOGO not in asset("redoc.js").plain
    assert NO_LOGO in asset("redoc.js").plain
