"""Every page of the screen, as a browser gets it: it renders under its policy, and what reads aloud finds no fault in it."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.looks import faults

pytestmark = pytest.mark.anyio

PAGES = ["/watchlist", "/chart", "/chart/NSE:RELIANCE", "/chain", "/report", "/alerts", "/operations", "/settings"]
BUDGET_KB = 350
"""Of script, as it travels, until the first page stands."""
STILL_READING = re.compile(r"^(Reading|Getting|Looking|Asking) ")


@pytest.mark.parametrize("address", ["/sign-in", "/register"])
async def test_a_stranger_is_asked_to_sign_in_or_to_register(page: Page, address: str) -> None:
    await page.goto(address)
    await expect(page.get_by_role("button", name=re.compile("Sign in|Register"))).to_be_visible()
    assert await faults(page) == []


async def test_who_comes_without_a_session_is_led_to_the_sign_in_page(page: Page) -> None:
    await page.goto("/")
    await page.wait_for_url("**/sign-in*")
    await expect(page.get_by_role("main")).to_be_visible()


@pytest.mark.parametrize("address", PAGES)
async def test_a_page_opens_at_its_address_and_is_accessible_in_each_look(ann: Page, address: str) -> None:
    await ann.goto(address)
    await expect(ann.get_by_role("navigation", name="Pages")).to_be_visible()
    await expect(ann.get_by_role("heading", level=1)).to_be_visible()
    await expect(ann.get_by_text(STILL_READING)).to_have_count(0)
    assert await faults(ann) == []


async def test_the_first_page_is_light(ann: Page) -> None:
    await ann.goto("/")
    await expect(ann.get_by_role("combobox", name="List", exact=True)).to_be_visible()
    sizes: dict[str, int] = await ann.evaluate(
        """Object.fromEntries(performance.getEntriesByType("resource")
            .filter(one => one.name.endsWith(".js")).map(one => [one.name, one.encodedBodySize]))"""
    )
    assert 0 < sum(sizes.values()) < BUDGET_KB * 1024, sizes
