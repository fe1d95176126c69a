"""A real browser before the real thing: Debian's Chromium, and ``ticktree run`` with the screen as it was built.

Fixtures: ``page`` (an empty page of a browser that knows nobody; relative addresses are the site's), ``ann`` (the same, signed in
as an administrator), ``site``, ``complaints`` (the console's errors: any that a test does not expect fails it).
"""

import os
import shutil
from collections.abc import AsyncGenerator, Iterator
from typing import Any, NoReturn

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.browser.complaints import Complaints
from tests.browser.site import Site
from tests.launcher.whole import is_ready, running
from tests.servers import reachable_folder
from web.screen import BUILT

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Without a sandbox of its own, as root has none; and it asks nobody but us."""
PATIENCE_MS = 45_000
"""For what a page is expected to show: on a machine that does much else, ReDoc alone may take twenty seconds."""
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="package")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {}


@pytest.fixture(scope="package")
def chromium() -> str:
    """Where the machine has its browser."""
    return next(filter(None, map(shutil.which, NAMES)), None) or lacking("no Chromium: apt-get install chromium")


@pytest.fixture(scope="package")
def site(chromium: str) -> Iterator[Site]:
    if not (BUILT / "index.html").is_file():
        lacking("the screen has not been built: make screen")
    with reachable_folder() as folder, running(folder) as run:
        site = Site(run, run.url())
        run.command("users", "add", site.email, "--admin", said=f"{site.password}\n")
        run.until(lambda: is_ready(site.url))
        yield site


@pytest.fixture(scope="package")
async def browser(chromium: str) -> AsyncGenerator[Browser]:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
async def context(browser: Browser, site: Site) -> AsyncGenerator[BrowserContext]:
    """Cookies and storage of a test's own."""
    context = await browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext, complaints: Complaints) -> AsyncGenerator[Page]:
    page = await context.new_page()
    complaints.listen(page)
    yield page
    assert complaints.unexpected() == []


@pytest.fixture
async def ann(page: Page, site: Site) -> Page:
    await site.sign_in(page.context)
    return page


def lacking(what: str) -> NoReturn:
    """A reason to skip; on a build machine, which must have everything, a failure."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)
