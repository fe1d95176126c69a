"""Every page of the screen, as a browser gets it: it renders under its policy, and what reads aloud finds no fault in it."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import violations

pytestmark = pytest.mark.anyio


async def test_a_stranger_is_asked_to_sign_in(page: Page) -> None:
    await page.goto("/")
    await page.wait_for_url("**/sign-in*")
    await expect(page.get_by_role("main")).to_be_visible()
    assert await violations(page) == []


@pytest.mark.parametrize("address", ["/watchlist", "/chart", "/chain", "/operations", "/settings"])
async def test_a_page_opens_at_its_address_and_is_accessible(ann: Page, address: str) -> None:
    await ann.goto(address)
    await expect(ann.get_by_role("navigation", name="Pages")).to_be_visible()
    await expect(ann.get_by_role("heading", level=1)).to_be_visible()
    assert await violations(ann) == []
