"""The watchlist: prices move, lists are kept by keyboard, and without the socket prices are asked for."""

import re

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.browser.axe import violations
from tests.browser.complaints import Complaints

pytestmark = pytest.mark.anyio

MOVED = "[data-instrument][data-flash]"
"""Of any instrument: the list is what its screener has found last, which runs by itself once a day is worked through."""


class Cable:
    """Between the page and the real socket: can be cut, and mended."""

    def __init__(self) -> None:
        self._is_cut = False
        self._routes: list[WebSocketRoute] = []

    async def carry(self, route: WebSocketRoute) -> None:
        if self._is_cut:
            await route.close(code=1011, reason="cut")
        else:
            self._routes.append(route)
            route.connect_to_server()

    async def cut(self) -> None:
        self._is_cut = True
        for route in self._routes:
            await route.close(code=1011, reason="cut")
        self._routes.clear()

    def mend(self) -> None:
        self._is_cut = False


async def test_prices_move_and_flash_and_are_asked_for_while_the_socket_is_away(ann: Page) -> None:
    cable = Cable()
    await ann.route_web_socket("**/ws", cable.carry)
    await _open(ann)
    told = ann.get_by_role("status", name="List")
    await expect(told).to_contain_text("Live prices.")
    await expect(ann.locator(MOVED).first).to_be_visible()
    assert await violations(ann) == []

    await cable.cut()
    await expect(told).to_contain_text("They are asked for every 1.5 s")
    for _ in range(2):
        async with ann.expect_response("**/api/v1/current_prices") as asked:
            pass
        assert (await asked.value).ok

    cable.mend()
    await expect(told).to_contain_text("Live prices.")
    await expect(ann.locator(MOVED).first).to_be_visible()


async def test_a_list_is_made_filled_and_emptied_by_keyboard(ann: Page, complaints: Complaints) -> None:
    complaints.expect("404 .*/watchlists/", "409 .*/watchlists/")
    await _open(ann)
    await _make_list(ann, "Steel & tea")
    told = ann.get_by_role("status", name="List")
    await expect(told).to_contain_text("0 instruments.")

    await ann.locator("body").press("/")
    finder = ann.get_by_role("combobox", name="Add to Steel & tea")
    await expect(finder).to_be_focused()
    await ann.keyboard.type("relian")
    await expect(ann.get_by_role("option", name="RELIANCE NSE")).to_have_attribute("aria-selected", "true")
    assert await violations(ann) == []
    await ann.keyboard.press("Enter")
    await expect(told).to_contain_text("NSE:RELIANCE was added.")
    await finder.fill("NSE:NOSUCH")
    await ann.keyboard.press("Enter")
    await expect(told).to_contain_text("Unknown symbol: 'NSE:NOSUCH'")
    await finder.fill("")

    row = ann.get_by_role("row", name=re.compile("RELIANCE"))
    await row.get_by_role("link", name="RELIANCE", exact=True).focus()
    await ann.keyboard.press("Delete")
    await expect(told).to_contain_text("NSE:RELIANCE was removed. 0 instruments.")


async def test_a_name_that_is_taken_is_refused_in_words_and_deleting_asks_first(
    ann: Page, complaints: Complaints
) -> None:
    complaints.expect("409 .*/watchlists/")
    await _open(ann)
    await _make_list(ann, "Twice")
    await ann.get_by_role("button", name="New list").click()
    await ann.get_by_label("Name of the new list").fill("Twice")
    await ann.keyboard.press("Enter")
    await expect(ann.get_by_text("You have a list named 'Twice' already.")).to_be_visible()
    await ann.keyboard.press("Escape")

    await ann.get_by_role("button", name="Delete", exact=True).click()
    await expect(ann.get_by_role("button", name="Keep it")).to_be_focused()
    await ann.get_by_role("button", name="Delete it").click()
    await expect(ann.get_by_role("combobox", name="List", exact=True)).to_have_value("screener:swing")


async def test_enter_on_a_row_opens_its_chart(ann: Page) -> None:
    await _open(ann)
    first = ann.get_by_role("rowheader").get_by_role("link").first
    await first.focus()
    await ann.keyboard.press("ArrowDown")
    await ann.keyboard.press("Enter")
    await ann.wait_for_url("**/chart/NSE:BANKNIFTY")
    await expect(ann.get_by_role("heading", level=1)).to_contain_text("NSE:BANKNIFTY")


async def _open(page: Page) -> None:
    """With the list that comes with the program, whatever was looked at last."""
    await page.goto("/watchlist")
    await page.get_by_role("combobox", name="List", exact=True).select_option("screener:swing")
    await expect(page.get_by_role("table", name="Swing")).to_be_visible()


async def _make_list(page: Page, name: str) -> None:
    await page.get_by_role("button", name="New list").click()
    await page.get_by_label("Name of the new list").fill(name)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox", name="List", exact=True).locator("option:checked")).to_have_text(name)
