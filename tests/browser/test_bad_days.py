"""Bad days in a browser: each page says what is going on, and goes on by itself when it is over."""

import re
from typing import Any
from urllib.parse import quote

import anyio
import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.axe import violations
from tests.browser.complaints import Complaints

pytestmark = pytest.mark.anyio

INSTRUMENT = "NSE:RELIANCE"


async def test_a_server_that_is_away_when_a_page_opens_is_waited_for(ann: Page, complaints: Complaints) -> None:
    complaints.expect("ERR_FAILED")
    await ann.route("**/auth/refresh", _nobody)
    await ann.goto("/watchlist")
    await expect(ann.get_by_role("status")).to_have_text("The server can not be reached. Trying again…")
    await ann.unroute("**/auth/refresh")
    await expect(ann.get_by_role("combobox", name="List", exact=True)).to_be_visible()


@pytest.mark.parametrize("status", [429, 503, 504])
async def test_candles_that_can_not_be_had_now_are_asked_for_again(
    ann: Page, complaints: Complaints, status: int
) -> None:
    complaints.expect(f"{status} .*/api/v1/bars")
    await ann.route("**/api/v1/bars?**", lambda route: route.fulfill(status=status, json={"detail": "not now"}))
    await ann.goto(f"/chart/{quote(INSTRUMENT)}")
    await expect(ann.get_by_role("alert")).to_have_text("The candles could not be read. Not now. Trying again…")
    assert await violations(ann) == []
    await ann.unroute("**/api/v1/bars?**")
    await expect(ann.get_by_text("candles since")).to_be_visible()


async def test_an_instrument_without_history_is_said_to_have_none(ann: Page) -> None:
    nothing: dict[str, Any] = {"bars": {}, "complete": True, "gaps": [], "missing": [], "data": "simulated"}
    await ann.route("**/api/v1/bars?**", lambda route: route.fulfill(json=nothing))
    await ann.route_web_socket("**/ws", lambda _: None)
    await ann.goto(f"/chart/{quote(INSTRUMENT)}")
    told = ann.get_by_role("status", name="Chart")
    await expect(told).to_contain_text(f"There are no candles of {INSTRUMENT} yet")


async def test_an_underlying_that_nobody_knows_or_that_has_no_options_is_said_to_have_none(
    ann: Page, complaints: Complaints
) -> None:
    complaints.expect("404 .*/option_chain/NSE%3ANOBODY")
    await ann.goto("/chain/NSE:NOBODY")
    await expect(ann.get_by_text("Unknown symbol: 'NSE:NOBODY'.")).to_be_visible()
    assert await violations(ann) == []
    await ann.goto(f"/chain/{quote(INSTRUMENT)}")
    await expect(ann.get_by_text(f"No options of {INSTRUMENT} are listed here")).to_be_visible()
    assert await violations(ann) == []


async def test_an_instrument_is_found_on_the_chart_page_after_the_watchlist_was_open(ann: Page) -> None:
    await ann.goto("/watchlist")
    await ann.get_by_role("combobox", name=re.compile("Open a chart|Add to")).fill("relian")
    await expect(ann.get_by_role("option", name="RELIANCE NSE")).to_be_visible()
    await ann.get_by_role("link", name="Chart", exact=True).click()
    await ann.get_by_role("combobox", name="Find an instrument").fill("relian")
    await expect(ann.get_by_role("option", name="RELIANCE NSE")).to_be_visible()
    await ann.keyboard.press("Enter")
    await expect(ann.get_by_role("heading", level=1)).to_contain_text(INSTRUMENT)


async def test_who_signs_out_in_one_window_is_out_in_all_and_in_again_likewise(
    ann: Page, complaints: Complaints
) -> None:
    complaints.expect("401 ")
    await ann.goto("/settings")
    other = await ann.context.new_page()
    await other.goto("/settings")
    await other.get_by_role("button", name="Sign out").click()
    await expect(other.get_by_role("status")).to_have_text("You are signed out.")
    await expect(ann.get_by_role("status")).to_have_text("You have signed out in another window.")

    await other.get_by_label("Email").fill("ann@example.org")
    await other.get_by_label("Password").fill("vexed-otter-climbs")
    await other.get_by_role("button", name="Sign in").click()
    await expect(ann.get_by_role("heading", name="Settings")).to_be_visible()


async def test_a_session_that_was_ended_elsewhere_leads_to_signing_in_with_the_reason(
    ann: Page, complaints: Complaints
) -> None:
    complaints.expect("401 ")
    await ann.goto("/settings")
    await expect(ann.get_by_role("status", name="Connection")).to_contain_text("Live")
    ended = await ann.context.request.post("/auth/logout", data={}, headers={"Origin": _site(ann)})
    assert ended.ok
    await expect(ann.get_by_role("status")).to_have_text("Your session is over.")
    await ann.wait_for_url("**/sign-in?to=%2Fsettings")


async def test_that_a_page_is_on_its_way_is_said_on_a_slow_network(ann: Page) -> None:
    arrived = anyio.Event()

    async def slowly(route: Route) -> None:
        await arrived.wait()
        await route.continue_()

    await ann.goto("/settings")
    await expect(ann.get_by_role("heading", name="Settings")).to_be_visible()
    await ann.route("**/assets/ChartPage-*.js", slowly)
    await ann.get_by_role("link", name="Chart", exact=True).click()
    await expect(ann.get_by_text("Getting the page…")).to_be_visible()
    arrived.set()
    await expect(ann.get_by_role("heading", name="Chart")).to_be_visible()
    await expect(ann).to_have_title("Chart · ticktree")


async def test_a_page_whose_files_are_gone_since_a_new_version_came_offers_to_load_it(
    ann: Page, complaints: Complaints
) -> None:
    complaints.expect("404 .*/assets/")
    await ann.goto("/watchlist")
    await ann.route("**/assets/ChartPage-*.js", lambda route: route.fulfill(status=404))
    await ann.get_by_role("link", name="Chart", exact=True).click()
    await expect(ann.get_by_role("alert")).to_contain_text("there is a newer version of it")
    assert await violations(ann) == []
    await ann.get_by_role("link", name="Settings").click()
    await expect(ann.get_by_role("heading", name="Settings")).to_be_visible()
    await ann.go_back()
    await ann.unroute("**/assets/ChartPage-*.js")
    await ann.get_by_role("button", name="Load it again").click()
    await expect(ann.get_by_role("heading", name="Chart")).to_be_visible()


async def _nobody(route: Route) -> None:
    await route.abort()


def _site(page: Page) -> str:
    """Where it is, as a browser says who asks."""
    return "/".join(page.url.split("/")[:3])
