"""The pages that show the interface, in a real browser: they render, and their policy stops nothing that they need."""

import pytest
from playwright.async_api import Page, expect

pytestmark = pytest.mark.anyio


async def test_swagger_ui_shows_the_interface_and_tries_it_out(page: Page) -> None:
    await page.goto("/docs")
    await expect(page.get_by_role("heading", name="ticktree", level=1)).to_be_visible()
    await page.get_by_role("link", name="health", exact=True).click()
    await page.get_by_role("button", name="get /health", exact=True).click()
    await page.get_by_role("button", name="Try it out").click()
    await page.get_by_role("button", name="Execute").click()
    await expect(page.get_by_role("cell", name="200").first).to_be_visible()
    await expect(page.get_by_text('"status"').first).to_be_visible()


async def test_redoc_shows_the_interface_and_finds_in_it(page: Page) -> None:
    await page.goto("/redoc")
    await expect(page.get_by_role("heading", name="ticktree", level=1)).to_be_visible()
    await page.get_by_role("textbox").fill("completeness")
    await expect(page.get_by_role("menuitem", name="What became of every bucket")).to_be_visible()
